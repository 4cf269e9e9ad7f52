using Mapwire.Media;

namespace Mapwire.Server.Files.Playlists;

/// <summary>The bytes of a playlist file, and the places in them.</summary>
/// <param name="bytes">The whole file.</param>
internal ref struct PlaylistText(ReadOnlySpan<byte> bytes)
{
    private int _at;
    private int _line = 1;

    /// <summary>The whole file.</summary>
    public ReadOnlySpan<byte> Bytes { get; } = bytes;

    /// <summary>
    /// A place as messages name it: <c>line 3 at offset 40</c>. Lines are counted on from the last place that was asked for.
    /// </summary>
    /// <param name="offset">Of a byte of the file, or its length for its end.</param>
    public FileLocation PlaceOf(int offset)
    {
        if (offset < _at)
        {
            (_at, _line) = (0, 1);
        }

        _line += Bytes[_at..offset].Count((byte)'\n');
        _at = offset;
        return new FileLocation($"line {_line}", offset);
    }

    /// <summary>The refusal of the list.</summary>
    /// <param name="what">What is wrong.</param>
    /// <param name="offset">Where.</param>
    public TitleException Wrong(string what, int offset) =>
        new(TitleError.NotPlayable, $"the playlist cannot be read: {what} ({PlaceOf(offset)})");
}
