using Mapwire.Media.Mp4;

namespace Mapwire.Media.Tests.Tools;

/// <summary>Opens a file as the server does: top-level headers one by one, then the moov.</summary>
internal static class Mp4Files
{
    public static Movie Parse(string path) => Parse(File.ReadAllBytes(path));

    public static Movie Parse(byte[] file, MediaLimits? limits = null)
    {
        Mp4FileReader reader = new(file.Length, limits);
        while (reader.TryGetNext(out long offset, out int length))
        {
            reader.Add(file.AsSpan((int)offset, length));
        }

        return reader.ToMovie();
    }

    public static BoxHeader FindTop(byte[] file, string type)
    {
        long offset = 0;
        while (BoxHeader.TryParse(file.AsSpan((int)offset), offset, file.Length, out BoxHeader header))
        {
            if (header.Type == new FourCc(type))
            {
                return header;
            }

            offset = header.End;
        }

        throw new Mp4FormatException(Mp4Error.MissingBox, type, 0, $"the file has no '{type}'");
    }
}
