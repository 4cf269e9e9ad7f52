using System.Collections.Immutable;

namespace Mapwire.Media.Mp4;

/// <summary>Reads a <c>moov</c> box (ISO/IEC 14496-12, 8.2) into a <see cref="Movie"/>.</summary>
public static class MovieParser
{
    /// <summary>Parses and checks everything that playing needs.</summary>
    /// <param name="moov">The whole box with its header.</param>
    /// <param name="moovOffset">Of the box in its file, for error messages.</param>
    /// <param name="fileLength">No sample may end past it.</param>
    /// <param name="limits">What is refused as too large; null for <see cref="Mp4Limits.Default"/>.</param>
    /// <exception cref="Mp4FormatException">The box, or a track of it that would be played, is malformed.</exception>
    public static Movie Parse(ReadOnlySpan<byte> moov, long moovOffset, long fileLength, Mp4Limits? limits = null)
    {
        limits ??= Mp4Limits.Default;
        if (moov.Length > limits.MovieBytes)
            throw new Mp4FormatException(Mp4Error.LimitExceeded, "moov", moovOffset, $"{moov.Length} bytes are more than the limit of {limits.MovieBytes}");
        if (!BoxHeader.TryParse(moov, moovOffset, moovOffset + moov.Length, out BoxHeader header))
            throw new Mp4FormatException(Mp4Error.Truncated, "moov", moovOffset, $"{moov.Length} bytes are too few for a box");
        if (header.Type.Value != BoxType.Moov)
            throw new Mp4FormatException(Mp4Error.MissingBox, header.Type.ToString(), moovOffset, "this is not a 'moov'");

        BoxReader body = new(moov.Slice(header.HeaderLength, (int)header.BodyLength), header.BodyOffset, header.Type);
        if (BoxSearch.TryFind(body, BoxType.Cmov, out BoxReader compressed))
            compressed.Fail(Mp4Error.MissingBox, "the movie is compressed, which is not supported");

        uint movieTimescale = ReadTimescale(BoxSearch.Find(body, BoxType.Mvhd));
        bool isFragmented = BoxSearch.TryFind(body, BoxType.Mvex, out _);
        ImmutableArray<Track>.Builder tracks = ImmutableArray.CreateBuilder<Track>();
        while (body.TryReadBox(out BoxHeader child, out BoxReader reader))
        {
            if (child.Type.Value != BoxType.Trak)
                continue;
            if (tracks.Count == limits.Tracks)
                reader.Fail(Mp4Error.LimitExceeded, $"there are more tracks than the limit of {limits.Tracks}");
            tracks.Add(TrackParser.Parse(reader, movieTimescale, fileLength, limits));
        }

        return new Movie(tracks.DrainToImmutable(), isFragmented);
    }

    private static uint ReadTimescale(BoxReader box)
    {
        // version(8) | flags(24) | creation_time(32 or 64) | modification_time(32 or 64) | timescale(32) | duration(32 or 64) | ...
        byte version = box.ReadVersion(1, out _);
        box.Skip(version == 0 ? 8 : 16);
        return box.ReadUInt32();
    }
}
