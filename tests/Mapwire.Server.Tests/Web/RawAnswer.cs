using System.Globalization;
using System.Net.Sockets;
using System.Text;
using System.Text.RegularExpressions;
using Xunit;

namespace Mapwire.Server.Tests.Web;

/// <summary>An answer as it came on the wire, in a form that two servers' can be compared in.</summary>
/// <param name="Status">The status code; 0 where the connection ended without an answer.</param>
/// <param name="Fields">All but Date, sorted, each in small letters; the boundary between parts is taken for one that all have.</param>
/// <param name="Body">The body, without its chunks.</param>
/// <param name="IsClosed">Whether the connection ended behind it.</param>
internal sealed partial record RawAnswer(int Status, string[] Fields, byte[] Body, bool IsClosed)
{
    /// <summary>What two answers have that is not the same; empty where there is nothing.</summary>
    /// <param name="other">The other one.</param>
    /// <param name="leftOut">Fields that are not compared.</param>
    public string DifferenceFrom(RawAnswer other, params string[] leftOut)
    {
        if (Status != other.Status)
        {
            return $"status {Status} and {other.Status}";
        }

        string[] mine = [.. Fields.Where(IsCompared).Except(other.Fields)];
        string[] theirs = [.. other.Fields.Where(IsCompared).Except(Fields)];
        if (mine.Length + theirs.Length > 0)
        {
            return $"fields {string.Join(" | ", mine)} and {string.Join(" | ", theirs)}";
        }

        int same = Body.AsSpan().CommonPrefixLength(other.Body);
        return same == Body.Length && same == other.Body.Length
            ? IsClosed == other.IsClosed || leftOut.Contains("end") ? "" : $"ends {IsClosed} and {other.IsClosed}"
            : $"{Body.Length} and {other.Body.Length} bytes, of which {same} are the same";

        bool IsCompared(string line) => !leftOut.Contains(line[..line.IndexOf(':', StringComparison.Ordinal)]);
    }

    /// <summary>An answer that a client of .NET has read.</summary>
    public static RawAnswer Of(HttpResponseMessage answer, byte[] body) => Create(
        (int)answer.StatusCode,
        answer.Headers.NonValidated.Concat(answer.Content.Headers.NonValidated)
            .ToDictionary(static one => one.Key.ToLowerInvariant(), static one => one.Value.ToString(), StringComparer.Ordinal),
        body,
        isClosed: false);

    /// <summary>Asks a server for something, and reads the answers.</summary>
    /// <param name="port">Of the server.</param>
    /// <param name="pieces">What is sent, each piece by itself.</param>
    /// <param name="isHead">Whether the answers have no bodies.</param>
    /// <param name="count">How many answers are waited for.</param>
    /// <param name="endsHalf">Whether nothing more is said, and the server told so, before the first is read.</param>
    public static RawAnswer[] Ask(int port, IEnumerable<byte[]> pieces, bool isHead, int count = 1, bool endsHalf = false)
    {
        using Socket socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp)
        {
            NoDelay = true,
            ReceiveTimeout = 20_000,
        };
        socket.Connect("127.0.0.1", port);
        using NetworkStream stream = new(socket);
        try
        {
            foreach (byte[] piece in pieces)
            {
                socket.Send(piece);
            }

            if (endsHalf)
            {
                socket.Shutdown(SocketShutdown.Send);
            }
        }
        catch (SocketException)
        {
            // refused before all was said
        }

        List<RawAnswer> answers = [];
        Reader reader = new(stream);
        while (answers.Count < count)
        {
            answers.Add(reader.ReadAnswer(isHead));
            if (answers[^1].IsClosed)
            {
                break;
            }
        }

        return [.. answers];
    }

    /// <summary>Reads bytes until there are no more.</summary>
    private sealed class Reader(Stream stream)
    {
        private byte[] _bytes = [];

        public RawAnswer ReadAnswer(bool isHead)
        {
            int end;
            while ((end = _bytes.AsSpan().IndexOf("\r\n\r\n"u8)) < 0)
            {
                if (!Fill())
                {
                    return new RawAnswer(0, [], _bytes, true);
                }
            }

            string[] lines = Encoding.Latin1.GetString(_bytes[..end]).Split("\r\n");
            int status = int.Parse(lines[0].Split(' ')[1], CultureInfo.InvariantCulture);
            Dictionary<string, string> fields = lines.Skip(1).Select(static line => line.Split(':', 2))
                .ToDictionary(static pair => pair[0].ToLowerInvariant(), static pair => pair[1].Trim(), StringComparer.Ordinal);
            _bytes = _bytes[(end + 4)..];
            bool isClosed = fields.GetValueOrDefault("connection")?.Contains("close", StringComparison.OrdinalIgnoreCase) ?? false;
            byte[] body = [];
            if (!isHead && status is not (204 or 304 or < 200))
            {
                if (fields.TryGetValue("content-length", out string? length))
                {
                    body = Take(int.Parse(length, CultureInfo.InvariantCulture));
                }
                else if (fields.GetValueOrDefault("transfer-encoding") == "chunked")
                {
                    body = TakeChunks();
                }
                else
                {
                    while (Fill())
                    {
                    }

                    isClosed = true; // and the rest is the body
                }
            }

            if (isClosed)
            {
                while (Fill())
                {
                }

                body = [.. body, .. _bytes]; // what is behind a body of known length would be a difference
                _bytes = [];
            }

            return Create(status, fields, body, isClosed);
        }

        private byte[] Take(int length)
        {
            while (_bytes.Length < length && Fill())
            {
            }

            length = Math.Min(length, _bytes.Length);
            byte[] taken = _bytes[..length];
            _bytes = _bytes[length..];
            return taken;
        }

        private byte[] TakeChunks()
        {
            MemoryStream body = new();
            while (true)
            {
                int end;
                while ((end = _bytes.AsSpan().IndexOf("\r\n"u8)) < 0 && Fill())
                {
                }

                if (end < 0)
                {
                    return [.. body.ToArray(), .. "cut short"u8];
                }

                int length = int.Parse(Encoding.ASCII.GetString(_bytes[..end]), NumberStyles.HexNumber, CultureInfo.InvariantCulture);
                _bytes = _bytes[(end + 2)..];
                body.Write(Take(length));
                Take(2);
                if (length == 0)
                {
                    return body.ToArray();
                }
            }
        }

        private bool Fill()
        {
            byte[] more = new byte[256 * 1024];
            int count;
            try
            {
                count = stream.Read(more);
            }
            catch (IOException exception)
                when (exception.InnerException is SocketException { SocketErrorCode: SocketError.ConnectionReset })
            {
                return false;
            }

            _bytes = [.. _bytes, .. more.AsSpan(0, count)];
            return count > 0;
        }
    }

    private static RawAnswer Create(int status, Dictionary<string, string> fields, byte[] body, bool isClosed)
    {
        fields.Remove("date");
        if (fields.GetValueOrDefault("content-type") is { } type && BoundaryPattern().Match(type) is { Success: true } boundary)
        {
            string word = boundary.Groups[1].Value;
            string same = new('0', word.Length);
            fields["content-type"] = type.Replace(word, same, StringComparison.Ordinal);
            body = Encoding.Latin1.GetBytes(
                Encoding.Latin1.GetString(body).Replace("--" + word, "--" + same, StringComparison.Ordinal));
        }

        string[] lines = [.. fields.Select(static one => $"{one.Key}: {one.Value}").Order(StringComparer.Ordinal)];
        return new RawAnswer(status, lines, body, isClosed);
    }

    [GeneratedRegex("boundary=([0-9]{20})")]
    private static partial Regex BoundaryPattern();
}
