using System.Runtime.CompilerServices;

namespace Mapwire.Server.Statistics;

/// <summary>Room for a path, UTF-8, in a record.</summary>
[InlineArray(Length)]
internal struct Text2048
{
    public const int Length = 2048;
    private byte _first;
}
