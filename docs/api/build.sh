#!/usr/bin/env bash
# Builds the reference pages of Mapwire.Memory into artifacts/api/site: docs/api/build.sh [--serve]. A warning, such as of a reference that
# leads nowhere, is an error. .config/dotnet-tools.json names the version of docfx.
set -euo pipefail
cd "$(dirname "$0")/../.."
export DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1
rm -rf artifacts/api
dotnet tool restore
dotnet docfx docs/api/docfx.json --warningsAsErrors "$@"
printf 'artifacts/api/site/index.html\n'
