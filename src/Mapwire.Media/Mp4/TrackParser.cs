using Mapwire.Media.Tables;

namespace Mapwire.Media.Mp4;

/// <summary>Reads one <c>trak</c> box (ISO/IEC 14496-12, 8.3).</summary>
internal static class TrackParser
{
    private const uint Video = 'v' << 24 | 'i' << 16 | 'd' << 8 | 'e';
    private const uint Sound = 's' << 24 | 'o' << 16 | 'u' << 8 | 'n';

    /// <param name="trak">The body of the box.</param>
    /// <param name="movieTimescale">For edit lists.</param>
    /// <param name="fileLength">Samples that end past it are left out.</param>
    /// <param name="limits">What is refused.</param>
    /// <param name="fault">What is wrong with a track that would be played if it were not broken; null when nothing is.</param>
    /// <returns>The track; one that is broken, or would not be played, is listed as it is.</returns>
    /// <exception cref="Mp4FormatException">There is more than the limits allow.</exception>
    internal static TrackDraft Parse(BoxReader trak, uint movieTimescale, long fileLength, MediaLimits limits,
        out Mp4FormatException? fault)
    {
        fault = null;
        try
        {
            return Read(trak, movieTimescale, fileLength, limits);
        }
        catch (Mp4FormatException exception) when (exception.Error != Mp4Error.LimitExceeded)
        {
            fault = exception;
            return ListBroken(trak, exception);
        }
    }

    private static TrackDraft Read(BoxReader trak, uint movieTimescale, long fileLength, MediaLimits limits)
    {
        BoxReader mdia = BoxSearch.Find(trak, BoxType.Mdia);
        BoxReader hdlr = BoxSearch.Find(mdia, BoxType.Hdlr);
        FourCc handler = ReadHandler(hdlr);
        TrackKind kind = KindOf(handler);
        if (kind == TrackKind.Other)
        {
            return List(trak, handler, kind, [], $"it is neither picture nor sound but '{handler}'", LocationOf(hdlr));
        }

        BoxReader minf = BoxSearch.Find(mdia, BoxType.Minf);
        BoxReader stbl = BoxSearch.Find(minf, BoxType.Stbl);
        BoxReader stsd = BoxSearch.Find(stbl, BoxType.Stsd);
        SampleDescription[] descriptions = SampleDescriptionParser.Parse(stsd, kind, limits);
        if (descriptions.Length == 0)
        {
            return List(trak, handler, kind, descriptions, "it has no sample description", LocationOf(stsd));
        }

        foreach (SampleDescription description in descriptions)
        {
            if ((description.UnplayableReason ?? FindForeignData(minf, description.DataReference)) is { } reason)
            {
                return List(trak, handler, kind, descriptions, reason, FileLocation.Box(description.Type, description.Offset));
            }
        }

        (uint id, bool isEnabled) = ReadHeader(BoxSearch.Find(trak, BoxType.Tkhd), out TrackDisplay? display);
        uint timescale = ReadMediaHeader(mdia, out string? language);
        MediaTables tables = TableParser.Parse(stbl, kind, descriptions.Length, fileLength, limits);
        if (kind == TrackKind.Audio && tables.TimeRuns is [{ Delta: 1 }])
        {
            BoxReader stts = BoxSearch.Find(stbl, BoxType.Stts);
            return List(
                trak, handler, kind, descriptions, "its sound is stored by the byte, not by the packet (constant-rate QuickTime)",
                LocationOf(stts));
        }

        Edit[] edits = [];
        FileLocation? editList = null;
        if (BoxSearch.TryFind(trak, BoxType.Edts, out BoxReader edts) && BoxSearch.TryFind(edts, BoxType.Elst, out BoxReader elst))
        {
            editList = LocationOf(elst);
            edits = EditListBox.Parse(elst, timescale, movieTimescale, limits);
        }

        return new TrackDraft
        {
            Id = id,
            IsEnabled = isEnabled,
            Handler = handler,
            Kind = kind,
            Language = language,
            Timescale = timescale,
            Descriptions = descriptions,
            SampleEntry = descriptions[0].Type,
            DeclaredSamples = (long)tables.Count + tables.Missing,
            MissingSamples = tables.Missing,
            Tables = tables,
            Edits = edits,
            EditList = editList,
            Place = LocationOf(trak),
            Display = display,
        };
    }

    /// <summary>A track that would be played if it were not broken: it is left out, and the others play.</summary>
    private static TrackDraft ListBroken(BoxReader trak, Mp4FormatException fault)
    {
        FourCc handler = default;
        try
        {
            handler = ReadHandler(BoxSearch.Find(BoxSearch.Find(trak, BoxType.Mdia), BoxType.Hdlr));
        }
        catch (Mp4FormatException)
        {
            // Its kind is not known, then.
        }

        return List(trak, handler, KindOf(handler), [], fault.Reason, fault.Place);
    }

    private static TrackKind KindOf(FourCc handler) => handler.Value switch
    {
        Video => TrackKind.Video,
        Sound => TrackKind.Audio,
        _ => TrackKind.Other,
    };

    /// <summary>A track that is not played, with as much as can be read of it: nothing in it can refuse the file.</summary>
    private static TrackDraft List(
        BoxReader trak, FourCc handler, TrackKind kind, SampleDescription[] descriptions, string reason, FileLocation place)
    {
        uint id = 0;
        bool isEnabled = false;
        uint timescale = 0;
        string? language = null;
        long count = 0;
        FourCc entry = descriptions.Length > 0 ? descriptions[0].Type : default;
        try
        {
            (id, isEnabled) = ReadHeader(BoxSearch.Find(trak, BoxType.Tkhd), out _);
            BoxReader mdia = BoxSearch.Find(trak, BoxType.Mdia);
            BoxReader stbl = BoxSearch.Find(BoxSearch.Find(mdia, BoxType.Minf), BoxType.Stbl);
            if (entry.Value == 0 && BoxSearch.TryFind(stbl, BoxType.Stsd, out BoxReader stsd) && stsd.Remaining >= 16)
            {
                stsd.Skip(12);
                entry = stsd.ReadFourCc();
            }

            count = TableParser.CountSamples(stbl);
            timescale = ReadMediaHeader(mdia, out language);
        }
        catch (Mp4FormatException)
        {
            // What could be read is enough for a list.
        }

        return new TrackDraft
        {
            Id = id,
            IsEnabled = isEnabled,
            Handler = handler,
            Kind = kind,
            Language = language,
            Timescale = timescale,
            Descriptions = descriptions,
            SampleEntry = entry,
            DeclaredSamples = count,
            UnplayableReason = reason,
            Place = place,
        };
    }

    private static FileLocation LocationOf(BoxReader box) => FileLocation.Box(box.Type, box.Offset);

    private static FourCc ReadHandler(BoxReader box)
    {
        // version(8)=0 | flags(24) | pre_defined(32), QuickTime's component type | handler_type(32) | ...
        box.Skip(8);
        return box.ReadFourCc();
    }

    private static (uint Id, bool IsEnabled) ReadHeader(BoxReader box, out TrackDisplay? display)
    {
        // version(8) | flags(24) | creation_time(32 or 64) | modification_time(32 or 64) | track_ID(32) | reserved(32)
        // | duration(32 or 64) | reserved(32)[2] | layer(16) | alternate_group(16) | volume(16) | reserved(16) | matrix(32)[9]
        // | width(16.16) | height(16.16)
        byte version = box.ReadVersion(1, out uint flags);
        box.Skip(version == 0 ? 8 : 16);
        uint id = box.ReadUInt32();
        display = null;
        int before = 4 + (version == 0 ? 4 : 8) + 16;
        if (box.Remaining >= before + TrackDisplay.MatrixLength + 8)
        {
            box.Skip(before);
            display = new TrackDisplay([.. box.ReadBytes(TrackDisplay.MatrixLength)], box.ReadUInt32(), box.ReadUInt32());
        }

        return (id, (flags & 1) != 0);
    }

    private static uint ReadMediaHeader(BoxReader mdia, out string? language)
    {
        // version(8) | flags(24) | creation_time(32 or 64) | modification_time(32 or 64) | timescale(32) | duration(32 or 64)
        // | pad(1) language(5)[3] | pre_defined(16)
        BoxReader mdhd = BoxSearch.Find(mdia, BoxType.Mdhd);
        byte version = mdhd.ReadVersion(1, out _);
        mdhd.Skip(version == 0 ? 8 : 16);
        BoxReader atTimescale = mdhd;
        uint timescale = mdhd.ReadUInt32();
        if (timescale == 0)
        {
            atTimescale.Fail(Mp4Error.BadTimescale, "the timescale is 0");
        }

        mdhd.Skip(version == 0 ? 4 : 8);
        // The extended language counts more: mdhd has no room for regions and scripts (8.4.6).
        language = LanguageCode.FromPacked(mdhd.ReadUInt16());
        language = (BoxSearch.TryFind(mdia, BoxType.Elng, out BoxReader elng) ? LanguageCode.FromExtended(elng) : null) ?? language;
        return timescale;
    }

    /// <summary>Whether the samples are in another file (ISO/IEC 14496-12, 8.7.2), and the reason for the list if so.</summary>
    private static string? FindForeignData(BoxReader minf, int reference)
    {
        if (!BoxSearch.TryFind(minf, BoxType.Dinf, out BoxReader dinf) || !BoxSearch.TryFind(dinf, BoxType.Dref, out BoxReader dref))
        {
            return null;
        }

        // version(8)=0 | flags(24) | entry_count(32) | full boxes; flag 1 means "in this file"
        dref.ReadVersion(0, out _);
        dref.Skip(4);
        for (int i = 1; dref.TryReadBox(out BoxHeader header, out BoxReader entry); i++)
        {
            if (i != reference)
            {
                continue;
            }

            entry.ReadVersion(byte.MaxValue, out uint flags);
            bool hasLocation = entry.Remaining > 0 && entry.ReadRemaining().ContainsAnyExcept((byte)0);
            return (flags & 1) == 0 && hasLocation ? $"its samples are in another file ('{header.Type}')" : null;
        }

        return null;
    }
}
