using System.Runtime.CompilerServices;

namespace Mapwire.Server.Statistics;

/// <summary>Room for a short text, UTF-8, in a record.</summary>
[InlineArray(Length)]
internal struct Text64
{
    public const int Length = 64;
    private byte _first;
}
