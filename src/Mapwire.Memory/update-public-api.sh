#!/usr/bin/env bash
# Writes PublicAPI.Unshipped.txt anew: what is public and not in PublicAPI.Shipped.txt. Look at the difference before committing it.
set -euo pipefail
cd "$(dirname "$0")"
printf '#nullable enable\n' > PublicAPI.Unshipped.txt
[ -f PublicAPI.Shipped.txt ] || printf '#nullable enable\n' > PublicAPI.Shipped.txt
found=$(dotnet build -c Release --nologo --no-incremental -clp:NoSummary -p:TreatWarningsAsErrors=false -p:UseSharedCompilation=false \
  | sed -n "s/.*warning RS0016: Symbol '\(.*\)' is not part of the declared public API.*/\1/p" | LC_ALL=C sort -u)
printf '%s\n' "$found" >> PublicAPI.Unshipped.txt
printf '%d members\n' "$(printf '%s\n' "$found" | wc -l)"
