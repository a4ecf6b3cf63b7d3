"""What fuzz/run and fuzz/replay share."""
import os
import pathlib
import re
import subprocess

HERE = pathlib.Path(__file__).resolve().parent
# rss and malloc: no harness has any business there; timeout: in seconds, for one input.
LIMITS = ["-rss_limit_mb=1024", "-malloc_limit_mb=256", "-timeout=10"]
CRASHES = {70: "timeout", 71: "out of memory", 77: "crash"}  # libFuzzer's exit codes


def harnesses():
    """The names of all harnesses: every source in fuzz/ with a line "// Targets:"."""
    return sorted(f.stem for f in HERE.glob("*.cc") if targets(f.stem))


def targets(name):
    """The functions that a harness names as its targets."""
    match = re.search(r"^// Targets: (.+)$", (HERE / f"{name}.cc").read_text(), re.M)
    return [target.strip() for target in match[1].split(",")] if match else []


def binary(build, name):
    return pathlib.Path(build) / "fuzz" / name


def environment():
    # Errors must end the process with libFuzzer's exit code, whatever the caller's options say.
    return {k: v for k, v in os.environ.items() if k not in ("ASAN_OPTIONS", "UBSAN_OPTIONS")}


def start(build, name, arguments, artifacts, output):
    """Starts a harness. What it finds goes to the folder artifacts, what it says to output."""
    artifacts.mkdir(parents=True, exist_ok=True)
    return subprocess.Popen([binary(build, name), *LIMITS, "-print_final_stats=1",
                             f"-artifact_prefix={artifacts}/", *arguments], stdout=output,
                            stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, env=environment())


def wait(process):
    """Waits for a harness to end. Its seconds of processor time."""
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return usage.ru_utime + usage.ru_stime


def executed(said):
    """How many inputs were executed, by what a harness said at its end."""
    match = re.search(r"^stat::number_of_executed_units:\s*(\d+)", said, re.M)
    return int(match[1]) if match else 0


def reproducer(build, name, said):
    """The command that shows a finding again, or "" if libFuzzer wrote no input."""
    match = re.search(r"Test unit written to (\S+)", said)
    return f"{binary(build, name)} {match[1]}" if match else ""
