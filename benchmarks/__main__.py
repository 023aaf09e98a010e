"""`python -m benchmarks [NAME ...]`: runs every promise one after the other and says which were kept."""

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent


def main() -> int:
    """Run the named benchmarks, or all of them; 1 when a promise was missed."""
    wanted = sys.argv[1:]
    names = [path.stem for path in sorted(HERE.glob("bench_*.py"))]
    missed = []
    for name in names:
        if wanted and name.removeprefix("bench_") not in wanted:
            continue
        print(f"\n== {name.removeprefix('bench_')}", flush=True)
        if subprocess.run([sys.executable, "-m", f"benchmarks.{name}"], check=False).returncode:
            missed.append(name)
    print(f"\n{'every promise kept' if not missed else 'missed: ' + ', '.join(missed)}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
