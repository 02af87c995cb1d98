# The user C module for Makefile ports (unix, qemu). Set MIDGE_GENERATED to the folder with the
# generated models (midge_models.c and one file for each model); midge build does.
ifeq ($(MIDGE_GENERATED),)
$(error MIDGE_GENERATED: set it to the folder with the generated models)
endif

MIDGE_MPY_DIR := $(USERMOD_DIR)
MIDGE_CORE_DIR := $(patsubst %/midge_mpy,%/midge,$(MIDGE_MPY_DIR))

SRC_USERMOD_C += $(addprefix $(MIDGE_MPY_DIR)/, \
	modmidge.c midge_model.c midge_info.c midge_io.c midge_stream.c midge_clock.c)

# LIB: not scanned for interned strings.
SRC_USERMOD_LIB_C += $(wildcard $(MIDGE_CORE_DIR)/*.c)
SRC_USERMOD_LIB_C += $(wildcard $(MIDGE_GENERATED)/*.c)

CFLAGS_USERMOD += -I$(MIDGE_MPY_DIR) -I$(MIDGE_CORE_DIR)
