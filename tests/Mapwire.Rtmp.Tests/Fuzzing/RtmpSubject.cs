using System.Buffers;
using Mapwire.Fuzzing;
using Mapwire.Rtmp.Amf;
using Mapwire.Rtmp.Chunks;

namespace Mapwire.Rtmp.Tests.Fuzzing;

/// <summary>
/// Everything that reads a peer's bytes. Kinds: <c>server</c> and <c>client</c> begin behind the handshake, <c>greeting</c> and
/// <c>welcome</c> (server and client again) with it, <c>streamed</c> is a client that takes media in pieces, <c>chunks</c> the chunk reader
/// alone, <c>amf0</c> and <c>amf3</c> values alone.
/// </summary>
internal sealed class RtmpSubject : IFuzzSubject
{
    private static readonly string[] Kinds =
        ["server", "server", "server", "greeting", "client", "client", "streamed", "welcome", "chunks", "amf0", "amf3"];

    private readonly SessionRun _run = new();
    private readonly ChunkRun _chunks = new();

    public string Name => "rtmp";

    /// <summary>What came of the last case: <c>Accepted</c>, or the error.</summary>
    public string LastOutcome { get; private set; } = "";

    public IEnumerable<FuzzCase> Seeds()
    {
        RtmpGrammar grammar = new(new Random(1));
        foreach (string kind in Kinds.Distinct())
        {
            for (int i = 0; i < 5; i++)
            {
                yield return new FuzzCase(kind, Make(grammar, kind));
            }
        }

        string[] recordings =
        [
            "ffmpeg.bin", "rtmpdump.bin", "rtmpdump-live.bin", "rtmp2src.bin", "ffmpeg-publish.bin", "ffmpeg-published.bin",
            "ffmpeg-published-late.bin",
        ];
        foreach (string recording in recordings)
        {
            yield return new FuzzCase("greeting", Wire.Recording(recording));
            yield return new FuzzCase("server", Wire.Recording(recording)[3073..]);
        }

        foreach (string path in Directory.GetFiles(Corpus.Folder).Order())
        {
            yield return Load(Path.GetFileName(path), File.ReadAllBytes(path));
        }
    }

    public FuzzCase Load(string name, byte[] bytes) => new(name[..name.IndexOf('-', StringComparison.Ordinal)], bytes);

    public FuzzCase Vary(FuzzCase sound, FuzzCase other, Random random)
    {
        RtmpGrammar grammar = new(random);
        if (random.Next(5) == 0)
        {
            string kind = Kinds[random.Next(Kinds.Length)];
            sound = new FuzzCase(kind, Make(grammar, kind));
            if (random.Next(2) == 0)
            {
                return sound;
            }
        }

        RtmpMutator mutator = new(random);
        byte[] bytes = sound.Bytes;
        switch (sound.Kind)
        {
            case "amf0" or "amf3":
                return sound with { Bytes = mutator.Values(bytes, other.Bytes, sound.Kind == "amf3") };
            case "greeting" or "welcome":
                int start = Math.Min(bytes.Length, sound.Kind == "greeting" ? 3073 : 3074);
                if (random.Next(3) > 0)
                {
                    return sound with { Bytes = [.. bytes[..start], .. mutator.Chunks(bytes[start..], [])] };
                }

                List<byte> damaged = [.. bytes];
                mutator.Anywhere(damaged);
                return sound with { Bytes = [.. damaged] };
            default:
                // What is said to one may be said to another.
                string kind = random.Next(20) > 0 ? sound.Kind : random.Next(3) switch { 0 => "chunks", 1 => "streamed", _ => "client" };
                return new FuzzCase(kind,
                    mutator.Chunks(bytes, other.Kind is "greeting" or "welcome" or "amf0" or "amf3" ? [] : other.Bytes));
        }
    }

    public long MostAllocated(FuzzCase given) => 1_000_000 + 600L * given.Bytes.Length;

    public bool Run(FuzzCase given, FeatureSet features)
    {
        RtmpError? error = RunKind(given, features);
        LastOutcome = error?.ToString() ?? "Accepted";
        return error is null;
    }

    private RtmpError? RunKind(FuzzCase given, FeatureSet features)
    {
        byte[] bytes = given.Bytes;
        features.Add(given.Kind, FeatureSet.Size(bytes.Length));
        switch (given.Kind)
        {
            case "amf0":
                return AmfRun.Run(bytes, isAmf3: false, features);
            case "amf3":
                return AmfRun.Run(bytes, isAmf3: true, features);
            case "chunks":
                AddChunks(bytes, features);
                return _chunks.Run(bytes, features);
            case "greeting":
                return Compare((isCut, told) => _run.RunServer(bytes, isGreeted: false, isCut, told), features);
            case "welcome" when bytes.Length > 0:
                return Compare(
                    (isCut, told) => _run.RunClient(bytes.AsSpan(1), bytes[0] % 3, isWelcome: false, isStreamed: false, isCut, told),
                    features);
            case "server":
                AddChunks(bytes, features);
                RtmpError? error = Compare((isCut, told) => _run.RunServer(bytes, isGreeted: true, isCut, told), features);
                if (error is null && IsSample(bytes))
                {
                    Rechunk(bytes);
                }

                return error;
            case "client" or "streamed":
                AddChunks(bytes, features);
                bool isStreamed = given.Kind == "streamed";
                return Compare((isCut, told) => _run.RunClient(bytes, 0, isWelcome: true, isStreamed, isCut, told), features);
            default:
                return bytes.Length == 0 ? null : throw new ArgumentException($"There is no kind {given.Kind}.", nameof(given));
        }
    }

    private static byte[] Make(RtmpGrammar grammar, string kind) => kind switch
    {
        "server" => grammar.ClientSays(),
        "greeting" => grammar.Greeting(),
        "welcome" => grammar.Welcome(),
        "amf0" => grammar.Values(isAmf3: false),
        "amf3" => grammar.Values(isAmf3: true),
        _ => grammar.ServerSays(),
    };

    private delegate Outcome Runner(bool isCut, FeatureSet? features);

    /// <summary>The same bytes in other pieces make the same calls and the same answers.</summary>
    private RtmpError? Compare(Runner run, FeatureSet features)
    {
        Outcome whole = run(false, features);
        byte[] said = _run.Output.ToArray();
        byte[] read = _run.ReadOutput();
        Outcome cut = run(true, null);
        // How much is held at once does depend on the pieces: a message that comes whole is not held at all.
        if (whole.Error == RtmpError.TooMuchBuffered || cut.Error == RtmpError.TooMuchBuffered)
        {
            return RtmpError.TooMuchBuffered;
        }

        if (whole != cut)
        {
            throw new BrokenPromiseException($"in one piece it is {whole}, in several {cut}");
        }

        if (!said.AsSpan().SequenceEqual(_run.Output) && !read.AsSpan().SequenceEqual(_run.ReadOutput()))
        {
            throw new BrokenPromiseException("the answers differ by how the bytes were cut");
        }

        return whole.Error;
    }

    /// <summary>The same messages in other chunks make the same calls.</summary>
    private void Rechunk(byte[] bytes)
    {
        ArrayBufferWriter<byte> plain = new();
        ChunkWriter writer = new(plain);
        ChunkReader reader = new();
        ReadOnlySpan<byte> rest = bytes;
        try
        {
            while (reader.TryRead(ref rest, out RtmpMessage message))
            {
                if (message.TypeId is not (MessageType.SetChunkSize or MessageType.Abort))
                {
                    writer.Write(message.ChunkStreamId, message.Timestamp, message.TypeId, message.StreamId, message.Payload);
                }
            }
        }
        catch (RtmpProtocolException)
        {
            return; // behind a connect that is refused nobody reads
        }

        Outcome first = _run.RunServer(bytes, isGreeted: true, isCut: false, null);
        byte[] said = _run.ReadOutput();
        Outcome second = _run.RunServer(plain.WrittenSpan, isGreeted: true, isCut: false, null);
        if (first != second)
        {
            throw new BrokenPromiseException($"as it is, it is {first}, in other chunks {second}");
        }

        if (!said.AsSpan().SequenceEqual(_run.ReadOutput()))
        {
            throw new BrokenPromiseException("the answers differ by the chunks");
        }
    }

    private static bool IsSample(ReadOnlySpan<byte> bytes) => new Cuts(bytes).Next() % 4 == 0;

    /// <summary>Which chunk headers came after which.</summary>
    private static void AddChunks(ReadOnlySpan<byte> bytes, FeatureSet features)
    {
        int before = 0;
        foreach (ChunkSpan chunk in ChunkMap.Find(bytes))
        {
            int form = chunk.Header - chunk.Start;
            int now = chunk.Format | form << 2 | (chunk.IsExtended ? 16 : 0) | (chunk.IsFirst ? 32 : 0);
            features.Add("chunk", now, before, chunk.TypeId is > 0 and < 7 ? chunk.TypeId : 0);
            before = now;
        }
    }
}
