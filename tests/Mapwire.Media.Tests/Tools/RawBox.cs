namespace Mapwire.Media.Tests.Tools;

/// <summary>Bytes where a box should be, written as they are.</summary>
internal sealed class RawBox : EditableBox
{
    private readonly byte[] _bytes;

    public RawBox(byte[] bytes)
        : base("raw ", Array.Empty<byte>()) => _bytes = bytes;

    public override byte[] Write() => _bytes;
}
