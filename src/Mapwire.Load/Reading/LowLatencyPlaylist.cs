using System.Globalization;
using System.Text;

namespace Mapwire.Load.Reading;

/// <summary>What a viewer of low latency needs of a media playlist (draft-pantos-hls-rfc8216bis): its parts.</summary>
internal sealed record LowLatencyPlaylist
{
    private const long Microseconds = 1_000_000;

    /// <summary>The parts that are listed, in their order.</summary>
    public IReadOnlyList<LowLatencyPart> Parts { get; private init; } = [];

    /// <summary>Whether no part follows.</summary>
    public bool IsEnded { get; private init; }

    /// <summary>Reads a playlist, or an update.</summary>
    /// <exception cref="ContentException">It breaks a rule on which a viewer relies.</exception>
    public static LowLatencyPlaylist Parse(ReadOnlySpan<byte> text)
    {
        try
        {
            return Read(text);
        }
        catch (Exception exception) when (exception is FormatException or OverflowException)
        {
            throw new ContentException("playlist: bad number or date");
        }
    }

    private static LowLatencyPlaylist Read(ReadOnlySpan<byte> text)
    {
        List<LowLatencyPart> parts = [];
        bool isEnded = false;
        string? init = null;
        long sequence = -1;
        int part = 0;
        long time = 0; // on the wall, in microseconds
        foreach (Range range in text.Split((byte)'\n'))
        {
            ReadOnlySpan<byte> line = text[range].TrimEnd((byte)'\r');
            if (line.IsEmpty)
            {
                continue;
            }

            if (line[0] != (byte)'#')
            {
                sequence++;
                part = 0;
            }
            else if (TryTake(line, "#EXT-X-MEDIA-SEQUENCE:"u8, out string number))
            {
                sequence = long.Parse(number, NumberStyles.None, CultureInfo.InvariantCulture);
            }
            else if (TryTake(line, "#EXT-X-SKIP:"u8, out string skip))
            {
                sequence += long.Parse(ValueOf(skip, "SKIPPED-SEGMENTS="), NumberStyles.None, CultureInfo.InvariantCulture);
            }
            else if (TryTake(line, "#EXT-X-PROGRAM-DATE-TIME:"u8, out string date))
            {
                time = (DateTimeOffset.Parse(date, CultureInfo.InvariantCulture) - DateTimeOffset.UnixEpoch).Ticks / 10;
            }
            else if (TryTake(line, "#EXT-X-MAP:"u8, out string map))
            {
                init = ValueOf(map, "URI=");
            }
            else if (TryTake(line, "#EXT-X-PART:"u8, out string attributes))
            {
                long duration = (long)(double.Parse(ValueOf(attributes, "DURATION="), CultureInfo.InvariantCulture) * Microseconds);
                time += duration;
                parts.Add(new LowLatencyPart(ValueOf(attributes, "URI="), sequence, part++, duration, time, init));
            }

            isEnded |= line.SequenceEqual("#EXT-X-ENDLIST"u8);
        }

        return parts.Count > 0 && sequence >= 0
            ? new LowLatencyPlaylist { Parts = parts, IsEnded = isEnded }
            : throw new ContentException("playlist: it has no parts");
    }

    private static bool TryTake(ReadOnlySpan<byte> line, ReadOnlySpan<byte> tag, out string value)
    {
        bool isIt = line.StartsWith(tag);
        value = isIt ? Encoding.UTF8.GetString(line[tag.Length..]) : "";
        return isIt;
    }

    private static string ValueOf(string attributes, string name)
    {
        int at = attributes.StartsWith(name, StringComparison.Ordinal) ? 0 : attributes.IndexOf("," + name, StringComparison.Ordinal) + 1;
        if (at == 0 && !attributes.StartsWith(name, StringComparison.Ordinal))
        {
            throw new ContentException($"playlist: no {name[..^1]}");
        }

        ReadOnlySpan<char> rest = attributes.AsSpan(at + name.Length);
        bool isQuoted = rest is ['"', ..];
        rest = isQuoted ? rest[1..] : rest;
        int end = rest.IndexOf(isQuoted ? '"' : ',');
        return end >= 0 ? rest[..end].ToString()
            : isQuoted ? throw new ContentException("playlist: bad attributes")
            : rest.ToString();
    }
}

/// <summary>A part of a segment.</summary>
/// <param name="Uri">As it stands in the playlist.</param>
/// <param name="Sequence">The number of its segment.</param>
/// <param name="Index">Its number in that, from 0.</param>
/// <param name="Duration">In microseconds.</param>
/// <param name="End">When its last frame ended, in microseconds of the clock on the wall.</param>
/// <param name="Init">The URI of its init segment.</param>
internal sealed record LowLatencyPart(string Uri, long Sequence, int Index, long Duration, long End, string? Init);
