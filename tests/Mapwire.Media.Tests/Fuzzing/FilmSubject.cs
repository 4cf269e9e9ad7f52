using System.Text;
using Mapwire.Fuzzing;
using Mapwire.Media.Codecs;
using Mapwire.Media.Flv;
using Mapwire.Media.Mp4;

namespace Mapwire.Media.Tests.Fuzzing;

/// <summary>
/// Everything that reads a recording: MP4 with its relatives, fragmented or not, and FLV, as the server opens them and as <c>probe</c>
/// lists them, and everything that writes them as segments and clips (<see cref="FilmWriting"/>).
/// </summary>
internal sealed class FilmSubject : IFuzzSubject
{
    private const string Kind = "film";

    /// <summary>So narrow that every limit is met; none of them lets more through.</summary>
    private static readonly MediaLimits Narrow = new()
    {
        MovieBytes = 700,
        Tracks = 1,
        SamplesPerTrack = 6,
        Depth = 5,
        Edits = 1,
        SampleDescriptions = 1,
        Fragments = 1,
        ListedBoxes = 10,
    };

    /// <summary>What the readers look into; damaged names would be endless news.</summary>
    private static readonly HashSet<string> KnownBoxes =
    [
        "ftyp", "moov", "mvhd", "trak", "tkhd", "edts", "elst", "mdia", "mdhd", "hdlr", "minf", "dinf", "dref", "stbl", "stsd", "stts",
        "ctts", "stss",
        "stps", "sbgp", "stsc", "stsz", "stz2", "stco", "co64", "mvex", "trex", "moof", "traf", "tfhd", "tfdt", "trun", "wave", "esds",
        "avc1", "avc3", "avcC",
        "hvc1", "hev1", "hvcC", "av01", "av1C", "vp09", "vpcC", "mp4a", "Opus", "dOps", "fLaC", "dfLa", "ac-3", "dac3", "ec-3", "dec3",
        "mdat", "free",
    ];

    public string Name => "films";

    public IEnumerable<FuzzCase> Seeds()
    {
        foreach (byte[] file in FilmSeeds.All())
        {
            yield return new FuzzCase(Kind, file);
        }

        foreach (string path in Directory.GetFiles(Path.Combine(AppContext.BaseDirectory, "Corpus")).Order())
        {
            yield return new FuzzCase(Kind, File.ReadAllBytes(path));
        }
    }

    public FuzzCase Load(string name, byte[] bytes) => new(Kind, bytes);

    public FuzzCase Vary(FuzzCase sound, FuzzCase other, Random random) =>
        new(Kind, new FilmMutator(random).Mutate(sound.Bytes, other.Bytes));

    public long MostAllocated(FuzzCase given) => 4_000_000 + 100L * given.Bytes.Length;

    public bool Run(FuzzCase given, FeatureSet features)
    {
        byte[] file = given.Bytes;
        features.Add("boxes", FeatureSet.Size(BoxTree.Read(file, 0).Length));
        bool isPlayable = Read(file, null, features);
        if (file.Length % 4 == 0)
        {
            Read(file, Narrow, features);
        }

        return isPlayable;
    }

    /// <returns>Whether there is something to play.</returns>
    private static bool Read(byte[] file, MediaLimits? limits, FeatureSet features)
    {
        try
        {
            MovieFileReader reader = new(file.Length, limits);
            while (reader.TryGetNext(out long offset, out int length))
            {
                Require(offset >= 0 && length <= file.Length - offset, "bytes outside the file are wanted");
                reader.Add(file.AsSpan((int)offset, length));
            }

            Movie movie = reader.ToMovie();
            features.Add("movie", movie.Tracks.Length, movie.IsFragmented ? 1 : 0, movie.IsTruncated ? 1 : 0);
            features.Add("damage", FeatureSet.Size(movie.Damage.Length));
            foreach (FileDamage damage in movie.Damage)
            {
                features.AddMessage(damage.Reason);
                Require(
                    damage.Length > 0 && damage.Location.Offset >= 0 && damage.Location.Offset <= file.Length - damage.Length,
                    "damage is outside the file");
            }

            long samples = 0;
            foreach (Track track in movie.Tracks)
            {
                samples += Walk(track, file.Length, features);
            }

            if (limits is null && file.Length % 4 == 1) // it takes ten times as long as reading
            {
                FilmWriting.Check(movie, file, features);
            }

            return samples > 0;
        }
        catch (MediaFormatException refusal)
        {
            features.AddMessage(refusal.Reason);
            if (refusal is Mp4FormatException mp4 && KnownBoxes.Contains(mp4.Box))
            {
                features.Add(mp4.Box, (int)mp4.Error);
            }

            Check(refusal, file);
            return false;
        }
    }

    private static long Walk(Track track, long fileLength, FeatureSet features)
    {
        if (track.UnplayableReason is { } reason)
        {
            features.AddMessage(reason);
        }

        foreach (CodecConfiguration codec in track.Codecs)
        {
            CheckHeader(codec, features);
        }

        long last = long.MinValue;
        long count = 0;
        long sync = 0;
        foreach (Sample sample in track.Samples)
        {
            Require(sample.Offset >= 0 && sample.Offset <= fileLength - sample.Size, "a sample is outside the file");
            Require(sample.DecodeTime >= last, "decode times go back");
            Require((uint)sample.Description < (uint)track.Codecs.Length, "a sample has no codec");
            last = sample.DecodeTime;
            sync += sample.IsSync ? 1 : 0;
            count++;
        }

        Require(track.Samples.Count == count, "the samples are not as many as they say");
        if (count > 0)
        {
            long middle = count / 2;
            Require(track.Samples[middle] == track.Samples.ElementAt((int)middle), "a sample found by its index is another");
        }

        foreach (SampleField fact in count is > 0 and < 1000 ? Enum.GetValues<SampleField>() : [])
        {
            FileLocation place = track.Samples.FindLocation(count - 1, fact, out long number);
            Require(place.Offset > 0 && place.Offset <= fileLength && place.Structure.Length > 0 && number > 0, $"{place} is no place");
        }

        features.Add(track.Codec?.Rfc6381?.Split('.')[0] ?? "none", FeatureSet.Size(count), FeatureSet.Size(sync),
            FeatureSet.Size((long)track.Duration.TotalSeconds) / 4);
        return count;
    }

    /// <summary>What is sent as a sequence header says what was read, also where it was made of what lay in a sample.</summary>
    private static void CheckHeader(CodecConfiguration codec, FeatureSet features)
    {
        CodecConfiguration? again = codec switch
        {
            AvcConfiguration => AvcConfiguration.Parse(codec.Raw.AsSpan()),
            HevcConfiguration => HevcConfiguration.Parse(codec.Raw.AsSpan()),
            _ => null,
        };
        if (again is null)
        {
            return;
        }

        Require(again.Name == codec.Name && again.Rfc6381 == codec.Rfc6381 && again.IsIncomplete == codec.IsIncomplete,
            "the sequence header says something else");
        features.Add(codec.IsIncomplete ? "sets missing" : "sets", FeatureSet.Size(codec.Raw.Length),
            codec is AvcConfiguration avc ? avc.PictureParameterSets.Length : -1);
    }

    /// <summary>
    /// Whoever is refused hears where: the offset is in the file, and the box that is named is there, at it or around it.
    /// </summary>
    private static void Check(MediaFormatException refusal, byte[] file)
    {
        Require(refusal.Offset >= 0 && refusal.Offset <= file.Length, $"offset {refusal.Offset} is outside the file");
        Require(refusal.Message.Contains($" at offset {refusal.Offset})", StringComparison.Ordinal),
            $"no offset is named: {refusal.Message}");
        if (refusal is FlvFormatException)
        {
            return;
        }

        Mp4FormatException mp4 = (Mp4FormatException)refusal;
        Require(mp4.Error == Mp4Error.NotMedia || mp4.Message.Contains($"(box '{mp4.Box}'", StringComparison.Ordinal),
            $"no box is named: {mp4.Message}");
        if (mp4.Error == Mp4Error.NotMedia || (mp4.Error == Mp4Error.MissingBox && mp4.Box == "moov"))
        {
            return;
        }

        byte[] type = Encoding.Latin1.GetBytes(mp4.Box);
        int end = (int)Math.Min(file.Length, mp4.Offset + 8);
        Require(!Array.TrueForAll(type, part => part is >= 0x20 and < 0x7F) || type.Length != 4
            || file.AsSpan(0, end).LastIndexOf(type) >= 0, $"there is no such box: {mp4.Message}");
    }

    private static void Require(bool holds, string promise)
    {
        if (!holds)
        {
            throw new BrokenPromiseException(promise);
        }
    }
}
