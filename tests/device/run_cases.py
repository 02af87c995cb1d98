"""Runs one file of cases under MicroPython; one line of JSON for each function.

    micropython run_cases.py window_cases

The search path (MICROPYPATH) holds device/ and cases/.
"""

import io
import json
import sys

from case_kit import Skip


def run(function):
    try:
        function()
    except Skip as why:
        return ("skip", str(why))
    except Exception as err:  # a failed case is a result, whatever it raised
        trace = io.StringIO()
        sys.print_exception(err, trace)
        return ("fail", trace.getvalue())
    return ("pass", "")


def main(name):
    module = __import__(name)
    for attr in dir(module):
        if attr.startswith("test_"):
            result, why = run(getattr(module, attr))
            print("@case " + json.dumps([attr, result, why]))


main(sys.argv[1])
