# The user C module for CMake ports (rp2, esp32). Set MIDGE_GENERATED to the folder with the
# generated models (midge_models.c and one file for each model); midge build does.
if(NOT MIDGE_GENERATED)
    message(FATAL_ERROR "MIDGE_GENERATED: set it to the folder with the generated models")
endif()

set(MIDGE_CORE_DIR ${CMAKE_CURRENT_LIST_DIR}/../midge)
file(GLOB MIDGE_CORE_SOURCES CONFIGURE_DEPENDS ${MIDGE_CORE_DIR}/*.c)
file(GLOB MIDGE_MODEL_SOURCES CONFIGURE_DEPENDS ${MIDGE_GENERATED}/*.c)

# Core and models are libraries of their own, not sources of the module: MicroPython need not
# scan them for interned strings, so a changed model costs seconds, and the linker's map names
# what comes from where. The linker drops the kernels that no model uses.
foreach(lib midge_core midge_gen)
    add_library(${lib} STATIC EXCLUDE_FROM_ALL)
    target_include_directories(${lib} PRIVATE ${MIDGE_CORE_DIR} ${CMAKE_CURRENT_LIST_DIR})
    target_compile_options(${lib} PRIVATE
        -std=c99 -O2 -ffunction-sections -fdata-sections -Wall -Wextra -Wconversion -Werror)
endforeach()
target_sources(midge_core PRIVATE ${MIDGE_CORE_SOURCES})
target_sources(midge_gen PRIVATE ${MIDGE_MODEL_SOURCES})

add_library(usermod_midge INTERFACE)
target_sources(usermod_midge INTERFACE
    ${CMAKE_CURRENT_LIST_DIR}/modmidge.c
    ${CMAKE_CURRENT_LIST_DIR}/midge_model.c
    ${CMAKE_CURRENT_LIST_DIR}/midge_info.c
    ${CMAKE_CURRENT_LIST_DIR}/midge_io.c
    ${CMAKE_CURRENT_LIST_DIR}/midge_stream.c
    ${CMAKE_CURRENT_LIST_DIR}/midge_clock.c
)
target_include_directories(usermod_midge INTERFACE ${CMAKE_CURRENT_LIST_DIR} ${MIDGE_CORE_DIR})
target_link_libraries(usermod_midge INTERFACE midge_gen midge_core)
target_link_libraries(usermod INTERFACE usermod_midge)

if(PICO_PLATFORM STREQUAL "rp2040")
    target_compile_options(usermod INTERFACE
        "$<$<COMPILE_LANGUAGE:C>:SHELL:-include ${CMAKE_CURRENT_LIST_DIR}/midge_rp2040.h>")
endif()
