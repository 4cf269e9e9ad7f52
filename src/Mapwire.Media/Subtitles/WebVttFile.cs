using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using System.Text.Unicode;

namespace Mapwire.Media.Subtitles;

/// <summary>
/// A WebVTT file (W3C, WebVTT: The Web Video Text Tracks Format), read as browsers read it: what is before the cues is kept as it is, a cue
/// whose times cannot be read is left out. Immutable; any number of threads may use it.
/// </summary>
public sealed class WebVttFile
{
    /// <summary>The largest file that is read, in bytes: the words of a day of film are a few hundred thousand.</summary>
    public const int MaxBytes = 4 << 20;

    private const string Arrow = "-->";

    private readonly string _head; // regions, styles and comments before the first cue, each with the empty line behind it
    private readonly ImmutableArray<Cue> _cues;

    private WebVttFile(string head, ImmutableArray<Cue> cues) => (_head, _cues) = (head, cues);

    /// <summary>How many cues there are.</summary>
    public int Count => _cues.Length;

    /// <summary>What it takes in memory, in bytes, about.</summary>
    public long ByteSize => 256 + (sizeof(char) * (_head.Length + _cues.Sum(static cue => (long)cue.Text.Length + 64)));

    /// <summary>Reads a file.</summary>
    /// <param name="bytes">All of it; of one that is too large, more than <see cref="MaxBytes"/>.</param>
    /// <param name="reason">Why it is none, a clause without a full stop; null when it was read.</param>
    /// <returns>The file; null when it is none.</returns>
    public static WebVttFile? TryRead(ReadOnlySpan<byte> bytes, out string? reason)
    {
        reason = bytes.Length > MaxBytes ? $"it has more than {MaxBytes} bytes"
            : !Utf8.IsValid(bytes) ? "it is not UTF-8"
            : null;
        if (reason is not null)
        {
            return null;
        }

        bytes = bytes.StartsWith(Encoding.UTF8.Preamble) ? bytes[Encoding.UTF8.Preamble.Length..] : bytes;
        string text = Encoding.UTF8.GetString(bytes).Replace("\r\n", "\n", StringComparison.Ordinal).Replace('\r', '\n')
            .Replace('\0', '\uFFFD');
        if (!text.StartsWith("WEBVTT", StringComparison.Ordinal) || (text.Length > 6 && text[6] is not (' ' or '\t' or '\n')))
        {
            reason = "its first line is not WEBVTT";
            return null;
        }

        StringBuilder head = new();
        ImmutableArray<Cue>.Builder cues = ImmutableArray.CreateBuilder<Cue>();

        // What follows the signature is metadata that says how others map its times: theirs, not ours.
        foreach (List<string> block in BlocksOf(text.Split('\n')).Skip(1))
        {
            if (Cue.TryParse(block) is { } cue)
            {
                cues.Add(cue);
            }
            else if (cues.Count == 0 && !block.Exists(IsTimes) && IsOfHead(block[0]))
            {
                head.AppendJoin('\n', block).Append("\n\n");
            }
        }

        return new WebVttFile(head.ToString(), cues.ToImmutable());
    }

    /// <summary>The file with the cues that are shown in a piece of its time.</summary>
    /// <param name="from">Cues that end at or before it are left out.</param>
    /// <param name="to">Cues that begin at or after it are left out; null for the end.</param>
    /// <param name="shift">Taken off all times; what would be before 0 begins at 0.</param>
    /// <param name="map">A line behind the signature, such as X-TIMESTAMP-MAP; null for none.</param>
    public byte[] Write(TimeSpan from, TimeSpan? to, TimeSpan shift, string? map = null)
    {
        StringBuilder text = new("WEBVTT\n");
        text.Append(map).Append(map is null ? "\n" : "\n\n").Append(_head);
        foreach (Cue cue in _cues)
        {
            if (cue.End > from && (to is null || cue.Start < to) && cue.End > shift)
            {
                text.Append(cue.Id).Append(cue.Id.Length > 0 ? "\n" : "").Append(Format(cue.Start - shift)).Append(' ').Append(Arrow)
                    .Append(' ').Append(Format(cue.End - shift)).Append(cue.Text).Append("\n\n");
            }
        }

        return Encoding.UTF8.GetBytes(text.ToString());
    }

    /// <summary>A time as cues have it.</summary>
    public static string Format(TimeSpan time)
    {
        time = time < TimeSpan.Zero ? TimeSpan.Zero : time;
        return string.Create(CultureInfo.InvariantCulture,
            $"{(long)time.TotalHours:00}:{time.Minutes:00}:{time.Seconds:00}.{time.Milliseconds:000}");
    }

    /// <summary>
    /// The blocks, the one that begins with the signature first. An empty line ends a block, and so does a line with the arrow that has
    /// another place than those of a cue's times: it begins the next one (section 6.1, "collect a WebVTT block").
    /// </summary>
    private static IEnumerable<List<string>> BlocksOf(string[] lines)
    {
        List<string> block = [];
        bool isHead = true;
        foreach (string line in lines)
        {
            bool isOfAnother = IsTimes(line) && (isHead || block.Count > 1 || block.Exists(IsTimes));
            if ((line.Length == 0 || isOfAnother) && block.Count > 0)
            {
                yield return block;
                block = [];
                isHead = false;
            }

            if (line.Length > 0)
            {
                block.Add(line);
            }
        }

        if (block.Count > 0)
        {
            yield return block;
        }
    }

    private static bool IsTimes(string line) => line.Contains(Arrow, StringComparison.Ordinal);

    /// <summary>Only styles and regions mean something to players.</summary>
    private static bool IsOfHead(string block) =>
        block.StartsWith("STYLE", StringComparison.Ordinal) || block.StartsWith("REGION", StringComparison.Ordinal);

    /// <param name="Id">The line before the times; empty for none.</param>
    /// <param name="Start">When it is shown first.</param>
    /// <param name="End">When it is not shown any more, later than <paramref name="Start"/>.</param>
    /// <param name="Text">The settings behind the times with the space before them, and the lines below.</param>
    private sealed record Cue(string Id, TimeSpan Start, TimeSpan End, string Text)
    {
        public static Cue? TryParse(List<string> lines)
        {
            int at = IsTimes(lines[0]) ? 0 : 1;
            if (at >= lines.Count)
            {
                return null;
            }

            string times = lines[at];
            int arrow = times.IndexOf(Arrow, StringComparison.Ordinal);
            if (arrow < 0 || TryParseTime(times.AsSpan(0, arrow).Trim()) is not { } start)
            {
                return null;
            }

            string rest = times[(arrow + Arrow.Length)..].TrimStart(' ', '\t');
            int end = rest.AsSpan().IndexOfAny(' ', '\t');
            if (TryParseTime(end < 0 ? rest : rest.AsSpan(0, end)) is not { } until || until <= start)
            {
                return null;
            }

            string settings = end < 0 ? "" : rest[end..].TrimEnd();
            return new Cue(at == 0 ? "" : lines[0], start, until, string.Join('\n', lines.Skip(at + 1).Prepend(settings)));
        }

        /// <summary><c>[hours:]minutes:seconds.milliseconds</c>, two digits or more for hours, two, two and three.</summary>
        private static TimeSpan? TryParseTime(ReadOnlySpan<char> text)
        {
            const long maxHours = 100_000;
            Span<Range> parts = stackalloc Range[4];
            int count = text.Split(parts, ':');
            if (count is not (2 or 3))
            {
                return null;
            }

            ReadOnlySpan<char> seconds = text[parts[count - 1]];
            return seconds.Length == 6 && seconds[2] == '.' && TryParseNumber(seconds[..2], 2, 59, out long second)
                && TryParseNumber(seconds[3..], 3, 999, out long milli)
                && TryParseNumber(text[parts[count - 2]], 2, 59, out long minute)
                && (TryParseNumber(count == 3 ? text[parts[0]] : "00", 0, maxHours, out long hour))
                ? TimeSpan.FromMilliseconds((((hour * 60) + minute) * 60_000) + (second * 1000) + milli)
                : null;
        }

        private static bool TryParseNumber(ReadOnlySpan<char> text, int digits, long most, out long value) =>
            long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out value) && value <= most
            && (digits == 0 ? text.Length >= 2 : text.Length == digits);
    }
}
