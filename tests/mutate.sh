#!/usr/bin/env bash
# Do the tests notice when the server is wrong? Draws mutants over all statements of Mapwire.Server by a seed, builds them all at once,
# each behind a switch, and runs for each the unit tests of its folder, then all of them; --conformance tries the survivors by the
# conformance suite. A statement is drawn by the seed and its own text, so that edits elsewhere draw no other mutants.
#
#   tests/mutate.sh [--seed N] [--count 100] [--jobs 2] [--conformance]
#
# Interrupted, it goes on where it was: what is known stands in artifacts/mutation. Why a survivor may survive is said in
# tests/Mapwire.Mutation/survivors.txt, and printed beside it. The last line is `N of M mutants killed`.
set -euo pipefail
cd "$(dirname "$0")/.."
dotnet build tests/Mapwire.Mutation -c Release --nologo -v quiet -clp:NoSummary
exec tests/Mapwire.Mutation/bin/Release/net10.0/Mapwire.Mutation . artifacts/mutation "$@"
