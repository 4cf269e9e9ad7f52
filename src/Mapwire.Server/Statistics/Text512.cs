using System.Runtime.CompilerServices;

namespace Mapwire.Server.Statistics;

/// <summary>Room for a title's name, UTF-8, in a record.</summary>
[InlineArray(Length)]
internal struct Text512
{
    public const int Length = 512;
    private byte _first;
}
