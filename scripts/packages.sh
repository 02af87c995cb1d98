# Debian packages: which are missing, and installing them as root or through sudo. To be sourced.

missing_packages() { # names... -> the ones not installed, one a line
    local name
    for name in "$@"; do
        dpkg-query -W -f '${db:Status-Status}\n' "$name" 2>/dev/null | grep -qx installed ||
            echo "$name"
    done
}

as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    else
        sudo "$@"
    fi
}

# PostgreSQL is for a test that starts a server of its own. Debian's package would make a database
# cluster and start it, at every boot: this setting, there while it is installed, keeps it from that.
no_database_cluster() { # on|off
    local folder=/etc/postgresql-common/createcluster.d
    if [ "$1" = on ]; then
        as_root mkdir -p $folder
        echo "create_main_cluster = false" | as_root tee $folder/midge.conf >/dev/null
    else
        as_root rm -f $folder/midge.conf
    fi
}

install_packages() { # names...
    local command="apt-get install -y --no-install-recommends $*"
    if ! command -v apt-get >/dev/null; then
        echo "setup: needs the tools that Debian calls: $*" >&2
        echo "  -> install them your system's way, then run this again with MIDGE_PACKAGES=skip" >&2
        return 1
    fi
    if [ "$(id -u)" -ne 0 ] && ! command -v sudo >/dev/null; then
        echo "setup: needs Debian packages, but this user is not root and there is no sudo: $*" >&2
        echo "  -> as root: $command" >&2
        return 1
    fi
    echo "setup: installing Debian packages: $*"
    # 9 is the lock of scripts/setup: a service that a package starts must not inherit it
    local result=0
    as_root env DEBIAN_FRONTEND=noninteractive apt-get update -q 9>&-
    case " $* " in *" postgresql "*) no_database_cluster on ;; esac
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends \
        "$@" 9>&- || result=$?
    case " $* " in *" postgresql "*) no_database_cluster off ;; esac
    return $result
}
