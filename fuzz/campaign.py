"""What fuzz/run, fuzz/replay and fuzz/enrich share: harnesses, how they are started, what they say, findings."""
import hashlib
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
# rss and malloc: no harness has any business there; timeout: in seconds, for one input.
LIMITS = ["-rss_limit_mb=1024", "-malloc_limit_mb=256", "-timeout=10"]
CRASHES = {70: "timeout", 71: "out of memory", 77: "crash"}  # libFuzzer's exit codes
# A batch of a thousand values takes a hundred times as long as one of ten and says nothing else, and so
# do many lines of text; the seeds at the limits are longer and are replayed whole.
LONGEST = {"parse_batch": 512, "parse_state": 512, "decode_text": 512, "parse_link": 1024,
           "parse_request": 512}
STACK = 3  # frames that tell one finding from another


def harnesses():
    """The names of all harnesses: every source in fuzz/ with a line "// Targets:"."""
    return sorted(f.stem for f in HERE.glob("*.cc") if targets(f.stem))


def targets(name):
    """The functions that a harness names as its targets."""
    source = HERE / f"{name}.cc"
    match = re.search(r"^// Targets: (.+)$", source.read_text(), re.M) if source.exists() else None
    return [target.strip() for target in match[1].split(",")] if match else []


def binary(build, name):
    return pathlib.Path(build) / "fuzz" / name


def working_corpus(build, name):
    """Where a harness' inputs are kept from campaign to campaign."""
    return pathlib.Path(build) / "fuzz-corpus" / name


def artifacts(build, name):
    return pathlib.Path(build) / "artifacts" / name


def options(name):
    """What libFuzzer is told besides: the longest input, and the dictionary."""
    dictionary = HERE / "dictionaries" / f"{name}.dict"
    return ([f"-max_len={LONGEST[name]}"] if name in LONGEST else []) + (
        [f"-dict={dictionary}"] if dictionary.exists() else [])


def environment():
    # Errors must end the process with libFuzzer's exit code, whatever the caller's options say.
    return {k: v for k, v in os.environ.items() if k not in ("ASAN_OPTIONS", "UBSAN_OPTIONS")}


def start(build, name, arguments, folder, output):
    """Starts a harness. What it finds goes to folder, what it says to output."""
    folder.mkdir(parents=True, exist_ok=True)
    return subprocess.Popen([binary(build, name), *LIMITS, "-print_final_stats=1",
                             f"-artifact_prefix={folder}/", *arguments], stdout=output,
                            stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, env=environment())


def wait(process):
    """Waits for a process to end. Its seconds of processor time."""
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return usage.ru_utime + usage.ru_stime


def executed(said):
    """How many inputs were executed, by what a harness said at its end."""
    match = re.search(r"^stat::number_of_executed_units:\s*(\d+)", said, re.M)
    return int(match[1]) if match else last_count(said)  # a crash may leave no statistics


def last_count(said):
    """The count of executions on the last line of libFuzzer's that has one."""
    counts = re.findall(r"^#(\d+)\s", said, re.M)
    return int(counts[-1]) if counts else 0


def features(said):
    """libFuzzer's count of features: that of the corpus at the start, and that at the end.

    While a slow harness reads its corpus there are lines with fewer ("pulse"). A run that did not come to an end of
    that has found nothing.
    """
    counts = [int(count) for count in re.findall(r"^#\d+\s.* ft: (\d+) ", said, re.M)]
    begun = re.search(r"^#\d+\s+INITED .* ft: (\d+) ", said, re.M)
    after = max(counts, default=0)
    return int(begun[1]) if begun else after, after


def reproducer(build, name, said):
    """The command that shows a finding again, or "" if libFuzzer wrote no input."""
    match = re.search(r"Test unit written to (\S+)", said)
    return command(build, name, match[1]) if match else ""


def command(build, name, file):
    return shlex.join([str(binary(build, name)), str(file)])


def result_of(code):
    return "ok" if code == 0 else CRASHES.get(code, "crash")


def stack(said):
    """The innermost frames of the project's own code in a sanitizer's report: function and line.

    Neither addresses nor how the engine came to the input matter. Without symbols: all frames but the
    engine's, by their place in the binary.
    """
    frames = []
    for line in said.splitlines():
        match = re.match(r"\s*#(\d+) 0x[0-9a-f]+\s+(?:in )?(.*)", line)
        if match and match[1] == "0" and frames:
            break  # the next stack: where it was allocated, or freed
        if match:
            frames.append(match[2])
    own = [re.match(r"(.*) \S*/((?:ref|app|fuzz)/\S+\.(?:cc|h):\d+)", frame) for frame in frames]
    # Where a Require does not hold says more than Require itself.
    named = [f"{match[1]} {match[2]}" for match in own if match and "/harness.cc:" not in match[0]]
    engine = r"fuzzer::|__sanitizer|__asan|__interceptor|libc\.so|libc_start|_start|^main"
    return (named or [re.sub(r" *\(BuildId.*", "", frame) for frame in frames
                      if not re.search(engine, frame)])[:STACK]


def run_once(build, name, file, seconds=60):
    """Runs a harness on one file: result, and what it said."""
    with tempfile.TemporaryDirectory() as scratch:
        process = start(build, name, [file], pathlib.Path(scratch), subprocess.PIPE)
        try:
            said = process.communicate(timeout=seconds)[0].decode(errors="replace")
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            return "timeout", ""
    return result_of(process.returncode), said


def minimised(build, name, file, key, seconds):
    """A smaller input with the same finding, or the same one."""
    with tempfile.TemporaryDirectory() as scratch:
        smaller = pathlib.Path(scratch) / "smaller"
        process = start(build, name, ["-minimize_crash=1", "-runs=100000", f"-max_total_time={seconds}",
                                      f"-exact_artifact_path={smaller}", file],
                        pathlib.Path(scratch), subprocess.DEVNULL)
        try:
            process.wait(timeout=3 * seconds + 30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if not smaller.exists() or smaller.stat().st_size >= file.stat().st_size:
            return file.read_bytes()
        result, said = run_once(build, name, smaller)
        return smaller.read_bytes() if finding_key(result, said) == key else file.read_bytes()


def finding_key(result, said):
    """What tells findings of one harness apart: how it ended, and where. Nothing if it ended well."""
    if result == "ok":
        return None
    frames = stack(said) if result == "crash" else []
    return hashlib.sha256("\n".join([result, *frames]).encode()).hexdigest()[:12]


def triage(build, name, file, known, seconds=10):
    """What the input in file finds: {"key", "result", "stack", "input", "reproduce"}, or None.

    Nothing if the harness does well on it, or if the finding is among the keys known, to which it is added.
    The input, made smaller, and the report are kept in the build's artifacts.
    """
    result, said = run_once(build, name, file)
    key = finding_key(result, said)
    if key is None or key in known:
        return None
    known.add(key)
    kept = artifacts(build, name) / f"{result.replace(' ', '-')}-{key}"
    kept.parent.mkdir(parents=True, exist_ok=True)
    is_crash = result == "crash"  # making a slow input smaller would take long
    data = minimised(build, name, file, key, seconds) if is_crash else file.read_bytes()
    kept.write_bytes(data)
    line = command(build, name, kept)
    kept.with_name(kept.name + ".report").write_text(f"{line}\n\n{said}")
    return {"key": key, "result": result, "stack": stack(said), "input": str(kept), "reproduce": line}


def merge(build, name, into, *folders, seconds=None):
    """Copies to the folder into what reaches something new. False if it took too long or failed."""
    try:
        process = subprocess.run([binary(build, name), *LIMITS, "-merge=1", into, *folders],
                                 stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                 stdin=subprocess.DEVNULL, env=environment(), timeout=seconds,
                                 check=False)
    except subprocess.TimeoutExpired:
        return False
    return process.returncode == 0


def minimise_corpus(build, name, seconds=None):
    """Keeps of a working corpus what its features need, smallest inputs first; all of it if that fails."""
    corpus = working_corpus(build, name)
    fresh = corpus.with_name(f"{name}.merged")
    old = corpus.with_name(f"{name}.old")
    for folder in (fresh, old):
        shutil.rmtree(folder, ignore_errors=True)
    fresh.mkdir(parents=True)
    if merge(build, name, fresh, corpus, seconds=seconds) and any(fresh.iterdir()):
        corpus.rename(old)  # killed between these two: the next campaign begins with the committed corpus
        fresh.rename(corpus)
    for folder in (fresh, old):
        shutil.rmtree(folder, ignore_errors=True)
