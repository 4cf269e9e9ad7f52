using System.Text;
using Mapwire.Fuzzing;
using Mapwire.Server.Files.Playlists;

namespace Mapwire.Server.Tests.Fuzzing;

/// <summary>
/// Makes playlists by their grammar, and damages them in ways that get past the first look: it knows lines, options, texts and numbers.
/// </summary>
/// <param name="random">The only source of chance.</param>
internal sealed class PlaylistMutator(Random random)
{
    private static readonly string[] Names =
    [
        "a.mp4", "sub/b.mov", "a", "", " ", ".", "..", "../a.mp4", "%2e%2e/a.mp4", "a%00.mp4", "a\\\\b.mp4", "c:a.mp4", "mp4:a.mp4", "?",
        "a.mp4?", "a.mp4?start=1.5&end=2",
        "a.mp4?start=-Infinity", "a.mp4?end=NaN", "a.mp4?start=1e9", "a.mp4?start=999999999999999999999", "a.mp4?video=none&audio=64",
        "a.mp4?audio=65", "a.mp4?lang=de-AT", "a.mp4?lang=%ff",
        "a.mp4?loop=1&loop=2", "a.mp4?a=b=c&&=&start", "\u00e4.mp4", "\ud83c\udfac.mp4", "\u2028", "\u3000a.mp4\u00a0", "\u0085",
        "list.m3u8", "\ufeff", "%", "%%%25",
    ];

    private static readonly string[] Numbers =
    [
        "0", "-0", "1", "1.5", ".5", "5.", "-1", "+1", "1e3", "1e999", "-1e999", "1e-999", "NaN", "Infinity", "-Infinity", "\u221e", "00",
        "0x10", "8589934.591", "8589934592", "9223372036854775808",
        "1,5", " 7", "7 ", "null", "true", "\"1\"", "[]", "{}",
    ];

    private static readonly string[] LineWords =
        ["#EXTM3U", "#EXTINF:10,", "#EXTVLCOPT:", "#EXTVLCOPT:start-time=", "#EXTVLCOPT:stop-time=", "#", "start-time", "=", "\n", "\r\n",
        "\r", "\t", "\v", "\0", "\u001b[31m"];

    private static readonly string[] JsonWords =
    [
        "[", "]", "{", "}", ",", ":", "\"", "\"items\":", "\"file\":", "\"in\":", "\"out\":", "\"it\\u0065ms\":", "\"\\ud83d\"",
        "\"\\ud83d\\ude00\"", "\"\\u0000\"", "\"\\x\"", "\"\\", "//", "/*", "*/", "\n", "\r", "\u2028", "true", "null",
    ];

    private static readonly byte[][] Bad =
        [[0xFF], [0xC0, 0x80], [0xED, 0xA0, 0x80], [0xE2, 0x82], [0xF4, 0x90, 0x80, 0x80], [0xEF, 0xBB, 0xBF], [0xF0, 0x9F], [0x80]];

    /// <summary>A new playlist, made or damaged.</summary>
    public FuzzCase Mutate(FuzzCase sound, FuzzCase other)
    {
        string kind = random.Next(50) == 0 ? random.Next(2) == 0 ? PlaylistSubject.Json : PlaylistSubject.Lines : sound.Kind;
        if (random.Next(4) == 0)
        {
            return new FuzzCase(kind, Encoding.UTF8.GetBytes(kind == PlaylistSubject.Json ? MakeJson() : MakeLines()));
        }

        List<byte> bytes = [.. sound.Bytes];
        for (int times = 1 + random.Next(4); times > 0; times--)
        {
            Damage(bytes, kind, other.Bytes);
        }

        return new FuzzCase(kind, [.. bytes]);
    }

    private string MakeLines()
    {
        StringBuilder text = new();
        for (int lines = random.Next(24); lines > 0; lines--)
        {
            text.Append(random.Next(5) switch
            {
                0 => Pick(LineWords) + Pick(Numbers),
                1 => Pick(LineWords) + Pick(LineWords),
                _ => Pick(Names),
            }).Append(random.Next(8) == 0 ? "\r\n" : "\n");
        }

        return text.ToString();
    }

    private string MakeJson()
    {
        StringBuilder text = new();
        bool isObject = random.Next(3) == 0;
        text.Append(isObject ? "{\"name\": {\"a\": [1]}, \"items\": [" : "[");
        for (int items = random.Next(24); items > 0; items--)
        {
            text.Append(random.Next(3) switch
            {
                0 => $"{{\"file\": \"{Escape(Pick(Names))}\", \"in\": {Pick(Numbers)}, \"out\": {random.Next(100)}}}",
                1 when random.Next(4) == 0 => Pick(JsonWords) + Pick(JsonWords),
                _ => $"\"{Escape(Pick(Names))}\"",
            }).Append(random.Next(8) == 0 ? " ,\n" : ",");
        }

        return text.Append(isObject ? "]}" : "]").ToString();

        static string Escape(string name) =>
            name.Replace("\\\\", "\\", StringComparison.Ordinal).Replace("\\", "\\\\", StringComparison.Ordinal);
    }

    private void Damage(List<byte> bytes, string kind, byte[] other)
    {
        int at = random.Next(bytes.Count + 1);
        switch (random.Next(9))
        {
            case 0 when bytes.Count > 0:
                bytes[random.Next(bytes.Count)] ^= (byte)(1 << random.Next(8));
                break;
            case 1:
                bytes.InsertRange(at, Bad[random.Next(Bad.Length)]);
                break;
            case 2:
                bytes.InsertRange(at, Encoding.UTF8.GetBytes(Pick(kind == PlaylistSubject.Json ? JsonWords : LineWords)));
                break;
            case 3:
                bytes.InsertRange(at, Encoding.UTF8.GetBytes(Pick(random.Next(2) == 0 ? Names : Numbers)));
                break;
            case 4:
                bytes.RemoveRange(at, Math.Min(bytes.Count - at, 1 + random.Next(12)));
                break;
            case 5:
                bytes.RemoveRange(at, bytes.Count - at);
                break;
            case 6:
                int from = random.Next(other.Length + 1);
                bytes.InsertRange(at, other.AsSpan(from, random.Next(Math.Min(other.Length - from, 200) + 1)));
                break;
            case 7:
                Repeat(bytes, at);
                break;
            default:
                MoveLine(bytes, at);
                break;
        }
    }

    /// <summary>A piece many times over: deep nesting, long lines, many items; seldom up to the most that is read and past it.</summary>
    private void Repeat(List<byte> bytes, int at)
    {
        int length = Math.Min(bytes.Count - at, 1 + random.Next(12));
        int most = random.Next(2000) == 0 ? PlaylistFile.MaxBytes + 1000 : random.Next(8) == 0 ? 4000 : 100;
        int times = length == 0 ? 0 : random.Next(most / length);
        byte[] piece = [.. bytes[at..(at + length)]];
        byte[] all = new byte[Math.Min(piece.Length * times, Math.Max(0, PlaylistFile.MaxBytes + 1000 - bytes.Count))];
        for (int i = 0; i < all.Length; i++)
        {
            all[i] = piece[i % piece.Length];
        }

        bytes.InsertRange(at, all);
    }

    /// <summary>Takes out what is between two line feeds, or commas, and puts it elsewhere or in twice.</summary>
    private void MoveLine(List<byte> bytes, int at)
    {
        byte between = (byte)(random.Next(2) == 0 ? '\n' : ',');
        int start = bytes.IndexOf(between, at) + 1;
        int end = start == 0 ? -1 : bytes.IndexOf(between, start);
        if (end < 0)
        {
            return;
        }

        byte[] line = [.. bytes[start..(end + 1)]];
        if (random.Next(2) == 0)
        {
            bytes.RemoveRange(start, line.Length);
        }

        bytes.InsertRange(Math.Min(bytes.Count, random.Next(bytes.Count + 1)), line);
    }

    private string Pick(string[] from) => from[random.Next(from.Length)];
}
