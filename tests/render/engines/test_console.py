"""What Blender prints from C is kept back, and its errors are found."""

import os

import pytest

from render.engines.blender.console import captured_console


def test_output_of_the_process_is_captured_and_given_back(capfd):
    with captured_console() as console:
        os.write(1, b"Fra:1 Mem:10M\n")
        os.write(2, b"noise\n")
    os.write(1, b"after\n")
    assert console.text == "Fra:1 Mem:10M\nnoise\n"
    assert capfd.readouterr().out == "after\n"


def test_an_exception_gives_the_console_back(capfd):
    with pytest.raises(ZeroDivisionError), captured_console():
        os.write(1 // 0, b"inside\n")
    os.write(1, b"after\n")
    assert capfd.readouterr().out == "after\n"


@pytest.mark.parametrize(
    "line",
    [
        "Error: Render error (No space left on device) cannot save: '/dev/shm/0001.exr'",
        "System is out of GPU memory",
        "Failed to build OptiX acceleration structure",
    ],
)
def test_lines_that_report_errors_are_found(line):
    with captured_console() as console:
        os.write(1, f"Fra:1 Mem:10M\n{line}\nSaved: '0001.exr'\n".encode())
    assert console.errors() == [line]
