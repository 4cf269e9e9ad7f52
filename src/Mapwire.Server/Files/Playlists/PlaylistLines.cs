using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Unicode;

namespace Mapwire.Server.Files.Playlists;

/// <summary>Reads M3U8: a name a line. See <see cref="PlaylistFile"/>.</summary>
internal static class PlaylistLines
{
    private static ReadOnlySpan<byte> Blank => " \t\r\v\f"u8;

    private static ReadOnlySpan<byte> VlcOption => "#EXTVLCOPT:"u8;

    /// <summary>Reads the items.</summary>
    /// <param name="text">The file.</param>
    /// <param name="at">Where its first line begins.</param>
    /// <param name="maxItems">More are refused.</param>
    /// <exception cref="TitleException">It is no playlist, or has too many items.</exception>
    public static List<PlaylistItem> Parse(ref PlaylistText text, int at, int maxItems)
    {
        if (!Utf8.IsValid(text.Bytes[at..]))
        {
            throw text.Wrong("it is not UTF-8", at + ValidBytes(text.Bytes[at..]));
        }

        List<PlaylistItem> items = [];
        PlaylistItem next = default;
        while (at < text.Bytes.Length)
        {
            ReadOnlySpan<byte> rest = text.Bytes[at..];
            int end = rest.IndexOf((byte)'\n');
            ReadOnlySpan<byte> line = end < 0 ? rest : rest[..end];
            ReadOnlySpan<byte> words = line.Trim(Blank);
            if (words.StartsWith(VlcOption))
            {
                next = WithOption(ref text, at, next, Encoding.UTF8.GetString(words[VlcOption.Length..]));
            }
            else if (words.Length > 0 && words[0] != '#' && Encoding.UTF8.GetString(words).Trim() is { Length: > 0 } name && name[0] != '#')
            {
                PlaylistFile.Add(items, next with { Name = name, Place = text.PlaceOf(at) }, maxItems, ref text);
                next = default;
            }

            at += line.Length + 1;
        }

        return items;
    }

    private static PlaylistItem WithOption(ref PlaylistText text, int at, PlaylistItem item, string option)
    {
        int equals = option.IndexOf('=', StringComparison.Ordinal);
        string name = equals < 0 ? option : option[..equals].Trim();
        if (name is not ("start-time" or "stop-time"))
        {
            return item; // how a picture is shown, and the like
        }

        if (equals < 0
            || !double.TryParse(option.AsSpan(equals + 1), NumberStyles.AllowDecimalPoint | NumberStyles.AllowLeadingWhite,
            CultureInfo.InvariantCulture, out double seconds)
            || PlaylistFile.ToMilliseconds(seconds) is not { } time)
        {
            throw text.Wrong($"{name} takes seconds", at);
        }

        return name == "start-time" ? item with { In = time } : item with { Out = time };
    }

    /// <summary>How many bytes come before the first that is not UTF-8.</summary>
    private static int ValidBytes(ReadOnlySpan<byte> text)
    {
        int valid = 0;
        while (Rune.DecodeFromUtf8(text[valid..], out _, out int length) == OperationStatus.Done)
        {
            valid += length;
        }

        return valid;
    }
}
