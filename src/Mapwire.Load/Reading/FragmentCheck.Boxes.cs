using Mapwire.Media;
using Mapwire.Media.Mp4;

namespace Mapwire.Load.Reading;

/// <content>What the boxes say: tracks, and where their samples lie.</content>
internal sealed partial class FragmentCheck
{
    private void ReadMoov(ref BoxReader moov)
    {
        Dictionary<uint, uint> timescales = [];
        List<(uint Id, uint Duration, uint Size)> defaults = [];
        while (moov.TryReadBox(out BoxHeader header, out BoxReader body))
        {
            if (header.Type == new FourCc("trak"))
            {
                (uint id, uint timescale) = ReadTrak(ref body);
                timescales[id] = timescale;
            }

            while (header.Type == new FourCc("mvex") && body.TryReadBox(out BoxHeader inner, out BoxReader trex))
            {
                if (inner.Type == new FourCc("trex"))
                {
                    // version(8) flags(24) | track_ID | default_sample_description_index | default_sample_duration | default_sample_size
                    trex.Skip(4);
                    uint id = trex.ReadUInt32();
                    trex.Skip(4);
                    defaults.Add((id, trex.ReadUInt32(), trex.ReadUInt32()));
                }
            }
        }

        Require(defaults.Count > 0, "an init segment without a trex");
        Dictionary<uint, FragmentTrack> before = new(_tracks);
        _tracks.Clear();
        foreach ((uint id, uint duration, uint size) in defaults)
        {
            uint timescale = timescales.GetValueOrDefault(id);
            FragmentTrack? same = before.GetValueOrDefault(id);
            _tracks[id] = new FragmentTrack
            {
                DefaultDuration = duration,
                DefaultSize = size,
                Timescale = timescale,
                End = same?.Timescale == timescale ? same.End : null, // it goes on, unless the segment behind it says otherwise
                HasCome = same is { HasCome: true },
            };
        }
    }

    private static (uint Id, uint Timescale) ReadTrak(ref BoxReader trak)
    {
        uint id = 0;
        uint timescale = 0;
        while (trak.TryReadBox(out BoxHeader header, out BoxReader body))
        {
            if (header.Type == new FourCc("tkhd"))
            {
                id = ReadBehindTimes(ref body); // track_ID
            }

            while (header.Type == new FourCc("mdia") && body.TryReadBox(out BoxHeader inner, out BoxReader mdhd))
            {
                timescale = inner.Type == new FourCc("mdhd") ? ReadBehindTimes(ref mdhd) : timescale;
            }
        }

        return (id, timescale);
    }

    /// <summary>Reads the number behind creation_time and modification_time, which have 64 bits in version 1.</summary>
    private static uint ReadBehindTimes(ref BoxReader box)
    {
        box.Skip(box.ReadVersion(1, out _) == 1 ? 16 : 8);
        return box.ReadUInt32();
    }

    /// <param name="moof">The box.</param>
    /// <param name="start">Where it begins in the body.</param>
    /// <returns>Where the samples lie.</returns>
    private List<Run> ReadMoof(ref BoxReader moof, long start)
    {
        List<Run> runs = [];
        _isBaseKnown = true;
        long next = start; // where runs begin that are relative to what came before
        while (moof.TryReadBox(out BoxHeader header, out BoxReader body))
        {
            if (header.Type == new FourCc("traf"))
            {
                ReadTraf(ref body, start, runs, ref next);
            }
        }

        return runs;
    }

    private void ReadTraf(ref BoxReader traf, long moof, List<Run> runs, ref long next)
    {
        FragmentTrack? track = null;
        uint duration = 0;
        uint size = 0;
        long origin = next;
        long time = -1;
        long length = 0;
        long last = 0;
        while (traf.TryReadBox(out BoxHeader header, out BoxReader body))
        {
            if (header.Type == new FourCc("tfhd"))
            {
                (track, duration, size, long? ownOrigin) = ReadTfhd(ref body, moof);
                origin = next = ownOrigin ?? origin;
            }
            else if (header.Type == new FourCc("tfdt"))
            {
                byte version = body.ReadVersion(1, out _);
                time = version == 1 ? (long)body.ReadUInt64() : body.ReadUInt32();
            }
            else if (header.Type == new FourCc("trun"))
            {
                Require(track is not null, "a trun without its tfhd before it");
                long bytes = ReadTrun(ref body, duration, size, out int? offset, ref length, ref last);
                next = origin + offset ?? next;
                if (bytes != 0)
                {
                    runs.Add(new Run(next, bytes));
                    next += bytes;
                }
            }
        }

        Require(track is not null && time >= 0, "a traf without its tfhd and tfdt");
        track!.HasCome = true;
        if (track.Timescale > 0)
        {
            _begin ??= (double)time / track.Timescale;
        }

        if (length == 0)
        {
            track.End = Math.Max(track.End ?? 0, time); // it has no samples here, and says so
            return;
        }

        if (track.End is { } end)
        {
            // The last sample's duration is often a guess of the writer's, so what follows may be so much off.
            Require(time >= end - last, "a track goes back");
            Require(time <= end + last, "a track has a hole");
        }

        track.End = time + length;
    }

    private (FragmentTrack Track, uint Duration, uint Size, long? Origin) ReadTfhd(ref BoxReader tfhd, long moof)
    {
        const uint HasBase = 0x1, HasDescription = 0x2, HasDuration = 0x8, HasSize = 0x10, BaseIsMoof = 0x20000;
        tfhd.ReadVersion(0, out uint flags);
        Require(_tracks.TryGetValue(tfhd.ReadUInt32(), out FragmentTrack? track), "a track that the init segment does not have");
        long? origin = (flags & BaseIsMoof) != 0 ? moof : null;
        if ((flags & HasBase) != 0)
        {
            origin = (long)tfhd.ReadUInt64(); // of the file, of which this may be a part
            _isBaseKnown = false;
        }

        tfhd.Skip((flags & HasDescription) != 0 ? 4 : 0);
        uint duration = (flags & HasDuration) != 0 ? tfhd.ReadUInt32() : track!.DefaultDuration;
        uint size = (flags & HasSize) != 0 ? tfhd.ReadUInt32() : track!.DefaultSize;
        return (track!, duration, size, origin);
    }

    /// <returns>Bytes of samples.</returns>
    private static long ReadTrun(ref BoxReader trun, uint duration, uint size, out int? offset, ref long length, ref long last)
    {
        const uint HasOffset = 0x1, HasFirstFlags = 0x4, HasDuration = 0x100, HasSize = 0x200, HasFlags = 0x400, HasComposition = 0x800;
        trun.ReadVersion(1, out uint flags);
        uint count = trun.ReadUInt32();
        offset = (flags & HasOffset) != 0 ? trun.ReadInt32() : null;
        trun.Skip((flags & HasFirstFlags) != 0 ? 4 : 0);
        int rest = ((flags & HasFlags) != 0 ? 4 : 0) + ((flags & HasComposition) != 0 ? 4 : 0);
        int entry = rest + ((flags & HasDuration) != 0 ? 4 : 0) + ((flags & HasSize) != 0 ? 4 : 0);
        Require((long)count * entry <= trun.Remaining, "a trun that is cut off");
        if (entry == 0)
        {
            length += (long)count * duration;
            last = duration;
            return (long)count * size;
        }

        long bytes = 0;
        for (uint i = 0; i < count; i++)
        {
            last = (flags & HasDuration) != 0 ? trun.ReadUInt32() : duration;
            bytes += (flags & HasSize) != 0 ? trun.ReadUInt32() : size;
            length += last;
            trun.Skip(rest);
        }

        return bytes;
    }

    /// <summary>Samples that lie side by side.</summary>
    /// <param name="Start">Of the first byte in the body.</param>
    /// <param name="Length">In bytes.</param>
    private readonly record struct Run(long Start, long Length);

    /// <summary>What is known of a track.</summary>
    private sealed class FragmentTrack
    {
        public uint DefaultDuration { get; init; }

        public uint DefaultSize { get; init; }

        /// <summary>Ticks a second of its own time; 0 where the init segment does not say it.</summary>
        public uint Timescale { get; init; }

        /// <summary>Whether a segment had it.</summary>
        public bool HasCome { get; set; }

        /// <summary>Where the last segment ended, in the track's own time; null where the next one may begin anywhere.</summary>
        public long? End { get; set; }
    }
}
