using System.Buffers.Binary;
using Mapwire.Media;
using Mapwire.Media.Mp4;
using Mapwire.Memory;
using Mapwire.Server.Files;

namespace Mapwire.Server.Reports;

/// <summary>The boxes of a file for people to look at: the outermost ones, and inside the movie and fragment boxes all of them.</summary>
public static class BoxListing
{
    /// <summary>What MP4 and QuickTime files begin with; anything else is no list of boxes.</summary>
    private static readonly FourCc[] First =
    [
        new("ftyp"), new("styp"), new("moov"), new("mdat"), new("moof"), new("sidx"), new("free"), new("skip"), new("wide"), new("pnot"),
        new("uuid"),
        new("emsg"), new("prft"), new("meta"), new("junk"), new("PICT"),
    ];

    private static readonly FourCc[] Opened = [new("moov"), new("moof"), new("mfra"), new("meta")];

    /// <summary>
    /// Lists the boxes of an MP4 file, none of any other file: parents before children; what is broken is listed with what is wrong, and
    /// ends its level.
    /// </summary>
    /// <param name="path">The file.</param>
    /// <param name="limits">Bounds; null for the defaults.</param>
    /// <exception cref="TitleException">The file cannot be opened or read.</exception>
    public static IReadOnlyList<BoxNode> Read(string path, MediaLimits? limits = null)
    {
        limits ??= MediaLimits.Default;
        List<BoxNode> nodes = [];
        try
        {
            using MappedFile file = MappedFile.Open(path);
            using MappedRegion region = file.Map();
            if (!HasBoxes(region))
            {
                return nodes;
            }

            long end = 0;
            try
            {
                foreach (BoxHeader box in TopLevelBoxes.Walk(region))
                {
                    Add(nodes, region, box, limits);
                    end = box.End;
                    if (nodes.Count >= limits.ListedBoxes)
                    {
                        break;
                    }
                }
            }
            catch (Exception fault) when (fault is Mp4FormatException or TitleException { Error: TitleError.NotPlayable })
            {
                nodes.Add(new BoxNode(default, end, 0, region.Length - end, 0, fault.Message));
            }
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new TitleException(TitleError.Unreadable, fault.Message, fault);
        }

        return nodes;
    }

    private static bool HasBoxes(MappedRegion region)
    {
        byte[] start = new byte[Math.Min(8, region.Length)];
        TopLevelBoxes.Read(region, 0, start, new FileLocation("file", 0));
        return start.Length == 8 && Array.IndexOf(First, new FourCc(BinaryPrimitives.ReadUInt32BigEndian(start.AsSpan(4)))) >= 0;
    }

    private static void Add(List<BoxNode> nodes, MappedRegion region, BoxHeader box, MediaLimits limits)
    {
        if (Array.IndexOf(Opened, box.Type) >= 0 && box.Length <= limits.MovieBytes)
        {
            byte[] bytes = new byte[box.Length];
            TopLevelBoxes.Read(region, box.Offset, bytes, new FileLocation($"box '{box.Type}'", box.Offset));
            nodes.AddRange(BoxTree.Read(bytes, box.Offset, limits));
        }
        else
        {
            nodes.Add(new BoxNode(box.Type, box.Offset, box.HeaderLength, box.Length, 0, null));
        }
    }
}
