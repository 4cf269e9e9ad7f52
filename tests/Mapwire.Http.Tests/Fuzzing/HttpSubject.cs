using System.Buffers;
using System.Buffers.Binary;
using System.Text;
using Mapwire.Fuzzing;
using Mapwire.Http.Conditional;
using Mapwire.Http.Heads;
using Mapwire.Http.Targets;
using Mapwire.Http.Tests.Conditional;
using Mapwire.Http.Tests.Heads;
using Mapwire.Http.Tests.WebSockets;

namespace Mapwire.Http.Tests.Fuzzing;

/// <summary>
/// Everything that reads a client's bytes. Kinds: <c>head</c> request heads with their targets and conditions, <c>range</c> a length in
/// eight bytes and a Range, <c>frames</c> what a client sends over a WebSocket.
/// </summary>
internal sealed class HttpSubject : IFuzzSubject
{
    /// <summary>What a reader of frames holds at most in these cases.</summary>
    private const int MaxMessageLength = 300;

    private static readonly string[] Kinds = ["head", "head", "range", "frames"];

    private static readonly DateTimeOffset Now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private static readonly Representation Film = new(1000, new EntityTag("a"), new DateTimeOffset(1994, 11, 6, 8, 49, 37, TimeSpan.Zero));

    private readonly KestrelParser _kestrel = new();

    public string Name => "http";

    /// <summary>What came of the last case: <c>Accepted</c>, or the reason, refusal, status or close code.</summary>
    public string LastOutcome { get; private set; } = "";

    public IEnumerable<FuzzCase> Seeds()
    {
        Random random = new(1);
        for (int i = 0; i < 20; i++)
        {
            foreach (string kind in Kinds.Distinct())
            {
                yield return Make(kind, random);
            }
        }

        foreach (string path in Directory.GetFiles(Corpus.Folder).Order())
        {
            yield return Load(Path.GetFileName(path), File.ReadAllBytes(path));
        }
    }

    public FuzzCase Load(string name, byte[] bytes) => new(name[..name.IndexOf('-', StringComparison.Ordinal)], bytes);

    public FuzzCase Vary(FuzzCase sound, FuzzCase other, Random random)
    {
        if (random.Next(4) == 0)
        {
            sound = Make(Kinds[random.Next(Kinds.Length)], random);
            if (random.Next(2) == 0)
            {
                return sound;
            }
        }

        List<byte> bytes = [.. sound.Bytes];
        for (int i = random.Next(1, 4); i > 0; i--)
        {
            Damage(bytes, other.Kind == sound.Kind ? other.Bytes : [], random);
        }

        return sound with { Bytes = [.. bytes] };
    }

    /// <summary>Mostly what the tests write down; the set of features grows by some 400 KB at once.</summary>
    public long MostAllocated(FuzzCase given) => 1_000_000 + 300L * given.Bytes.Length;

    public bool Run(FuzzCase given, FeatureSet features)
    {
        LastOutcome = given.Kind switch
        {
            "head" => RunHead(given.Bytes, features),
            "range" => RunRange(given.Bytes, features),
            "frames" => RunFrames(given.Bytes, features),
            _ when given.Bytes.Length == 0 => "Accepted",
            _ => throw new ArgumentException($"There is no kind {given.Kind}.", nameof(given)),
        };
        features.Add(LastOutcome, FeatureSet.Size(given.Bytes.Length));
        return LastOutcome == "Accepted";
    }

    private static FuzzCase Make(string kind, Random random) => new(kind, kind switch
    {
        "head" => new HeadGrammar(random).Head(),
        "range" => MakeRange(random),
        _ => MakeFrames(random),
    });

    private static byte[] MakeRange(Random random)
    {
        int length = random.Next(6) switch { 0 => 0, 1 => 1, 2 => random.Next(20), 3 => int.MaxValue, _ => random.Next(100_000) };
        byte[] bytes = new byte[8];
        BinaryPrimitives.WriteInt64BigEndian(bytes, random.Next(10) == 0 ? long.MaxValue - length : length);
        return [.. bytes, .. Encoding.ASCII.GetBytes(NginxRangeTests.Range(random, Math.Min(length, 1 << 20)))];
    }

    private static byte[] MakeFrames(Random random)
    {
        List<byte> bytes = [];
        bool isOpen = false;
        for (int i = random.Next(1, 8); i > 0; i--)
        {
            int opcode = random.Next(12) switch
            {
                0 => 9,
                1 => 10,
                2 => i == 1 ? 8 : 9,
                3 => random.Next(16),
                _ => isOpen ? 0 : random.Next(1, 3),
            };
            bool isFinal = opcode >= 8 || random.Next(3) > 0;
            isOpen = opcode >= 8 ? isOpen : !isFinal;
            int length = random.Next(8) switch { 0 => 125, 1 => 126, 2 => 0, 3 => random.Next(300), _ => random.Next(20) };
            byte[] payload = new byte[length];
            Array.Fill(payload, (byte)random.Next(128));
            if (opcode == 8 && length > 1)
            {
                BinaryPrimitives.WriteUInt16BigEndian(payload, (ushort)random.Next(990, 1020));
            }

            bytes.AddRange(ClientFrames.Write(
                opcode | (isFinal ? 0x80 : 0) | (random.Next(40) == 0 ? 0x40 : 0), payload, random.Next(30) == 0 ? 64 : 0,
                random.Next(40) > 0, random.Next(60) == 0 ? (ulong)random.NextInt64() << 1 : null));
        }

        return [.. bytes];
    }

    /// <summary>One change: bits, bytes that hurt, pieces doubled, left out or taken from another.</summary>
    private static void Damage(List<byte> bytes, byte[] other, Random random)
    {
        int at = random.Next(bytes.Count + 1);
        int count = Math.Min(random.Next(1, 12), bytes.Count - at);
        switch (random.Next(7))
        {
            case int kind and < ByteDamage.Kinds when count > 0:
                ByteDamage.Apply(bytes, kind, at, count, random);
                break;
            case 3 when other.Length > 0:
                int from = random.Next(other.Length);
                bytes.InsertRange(at, other[from..Math.Min(other.Length, from + random.Next(1, 60))]);
                break;
            case 4 when random.Next(50) == 0:
                bytes.InsertRange(at, Enumerable.Repeat((byte)random.Next(256), random.Next(9000)));
                break;
            default:
                byte[] hurtful = [.. "\r\n\0 \t:,-=%/\"?*;"u8, 0x7F, 0x80, 0xFF, 126, 127, 0xFE];
                bytes.Insert(at, hurtful[random.Next(hurtful.Length)]);
                break;
        }
    }

    private string RunHead(byte[] bytes, FeatureSet features)
    {
        Look whole = Look.At(bytes);
        if (Look.InPieces(bytes, new Cuts(bytes).Next) is { } cut && cut != whole)
        {
            throw new BrokenPromiseException($"in one piece it is {whole}, in several {cut}");
        }

        if (whole.Status == HeadStatus.Incomplete)
        {
            return bytes.Length < RequestHeadReader.MaxLength
                ? "Incomplete"
                : throw new BrokenPromiseException("more than 8 KiB are waited for");
        }

        if ((whole.Status == HeadStatus.Foreign) != (whole.Reason != ForeignReason.None))
        {
            throw new BrokenPromiseException($"{whole.Status} for the reason {whole.Reason}");
        }

        RequestHeadReader reader = new();
        if (reader.Read(bytes, out RequestHead head) != HeadStatus.Simple)
        {
            return whole.Reason.ToString();
        }

        _kestrel.RequireSame(bytes, head);
        RunConditions(RequestConditions.From(head), head.Method, Film, features);
        Http.WebSockets.WebSocketHandshake.Check(head, out _);
        if (!RequestTarget.TryParse(head.Target, out RequestTarget? target, out TargetRefusal refusal))
        {
            return refusal.ToString();
        }

        RequirePlain(target.Path);
        features.Add("simple", (int)head.Method, target.Query.Count, head.IsKeepAlive ? 1 : 0);
        return "Accepted";
    }

    /// <summary>No path leaves its folder, and each can be said again.</summary>
    private static void RequirePlain(string path)
    {
        string[] segments = path.Split('/');
        for (int i = 1; i < segments.Length; i++)
        {
            bool isLast = i == segments.Length - 1;
            if (segments[i].Length == 0 && isLast)
            {
                continue;
            }

            if (!PercentEncoding.TryEncodeSegment(segments[i], out string? encoded)
                || !RequestTarget.TryParse(Encoding.ASCII.GetBytes("/" + encoded), out RequestTarget? again, out _)
                || again.Path != "/" + segments[i])
            {
                throw new BrokenPromiseException("a segment cannot be said again");
            }
        }
    }

    private static string RunRange(byte[] bytes, FeatureSet features)
    {
        if (bytes.Length < 8)
        {
            return "Short";
        }

        long length = BinaryPrimitives.ReadInt64BigEndian(bytes) & (long.MaxValue >> 1); // delimiters are added to it
        RequestConditions conditions = new() { Range = bytes.AsSpan(8) };
        int status = RunConditions(conditions, RequestMethod.Get, new Representation(length), features);
        return status == 416 ? "NotSatisfiable" : "Accepted";
    }

    private static int RunConditions(RequestConditions conditions, RequestMethod method, Representation selected, FeatureSet features)
    {
        BodyPlan plan = BodyPlan.Create(method, conditions, selected, "video/mp4", Now, 7);
        ArrayBufferWriter<byte> delimiters = new();
        long total = 0;
        for (int i = 0; i < plan.Parts.Length; i++)
        {
            ByteRange part = plan.Parts[i];
            if (part.Offset < 0 || part.Length < 1 || part.Length > selected.Length - part.Offset)
            {
                throw new BrokenPromiseException($"part {part} of {selected.Length} bytes");
            }

            total += part.Length;
            if (plan.IsMultipart)
            {
                plan.WriteDelimiter(i, delimiters);
            }
        }

        if (plan.IsMultipart)
        {
            plan.WriteDelimiter(plan.Parts.Length, delimiters);
        }

        if (total > selected.Length || plan.Parts.Length > RangeSelection.MaxRanges
            || plan.ContentLength != total + delimiters.WrittenCount)
        {
            throw new BrokenPromiseException($"{plan.Parts.Length} parts of {total} bytes, {plan.ContentLength} announced");
        }

        features.Add("plan", plan.Status, FeatureSet.Size(plan.Parts.Length));
        return plan.Status;
    }

    private static string RunFrames(byte[] bytes, FeatureSet features)
    {
        string whole = FrameLog.Read(bytes, maxMessageLength: MaxMessageLength);
        string cut = FrameLog.Read(bytes, new Cuts(bytes).Next, MaxMessageLength);
        if (whole != cut)
        {
            throw new BrokenPromiseException($"in one piece it is {whole}, in several {cut}");
        }

        string previous = "";
        foreach (string line in whole.Split('\n'))
        {
            string word = line.Split(' ')[0];
            features.Add(previous + word, FeatureSet.Size(line.Length));
            previous = word;
        }

        int wrong = whole.IndexOf('!', StringComparison.Ordinal);
        return wrong < 0 ? "Accepted" : whole.AsSpan(wrong + 2, 4).ToString();
    }
}
