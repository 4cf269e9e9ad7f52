using System.Collections.Immutable;
using Mapwire.Media.Codecs;

namespace Mapwire.Media.Mp4;

/// <summary>Lists boxes inside boxes, for people to look at. What is broken is listed too, with what is wrong.</summary>
public static class BoxTree
{
    /// <summary>Lists all boxes in some bytes, parents before children.</summary>
    /// <param name="bytes">One box after another, such as a whole <c>moov</c>.</param>
    /// <param name="offset">Of the first byte in the file.</param>
    /// <param name="limits">How deep and how many; null for <see cref="MediaLimits.Default"/>.</param>
    public static ImmutableArray<BoxNode> Read(ReadOnlySpan<byte> bytes, long offset, MediaLimits? limits = null)
    {
        ImmutableArray<BoxNode>.Builder nodes = ImmutableArray.CreateBuilder<BoxNode>();
        Read(bytes, offset, default, default, 0, limits ?? MediaLimits.Default, nodes);
        return nodes.ToImmutable();
    }

    private static void Read(
        ReadOnlySpan<byte> bytes, long offset, FourCc parent, FourCc handler, int depth, MediaLimits limits,
        ImmutableArray<BoxNode>.Builder nodes)
    {
        int position = 0;
        while (bytes.Length - position >= BoxHeader.MinLength && nodes.Count < limits.ListedBoxes)
        {
            ReadOnlySpan<byte> rest = bytes[position..];
            BoxHeader header;
            string? fault = null;
            try
            {
                if (!BoxHeader.TryParse(rest, offset + position, offset + bytes.Length, out header))
                {
                    fault = "the header is cut off";
                }
            }
            catch (Mp4FormatException e)
            {
                header = default;
                fault = e.Reason;
            }

            if (fault is not null)
            {
                nodes.Add(new BoxNode(FourCc.Read(rest[4..]), offset + position, 0, rest.Length, depth, fault));
                return;
            }

            nodes.Add(new BoxNode(header.Type, header.Offset, header.HeaderLength, header.Length, depth, null));
            ReadOnlySpan<byte> body = rest.Slice(header.HeaderLength, (int)header.BodyLength);
            int skip = ChildrenAt(header.Type, parent, handler, body);
            if (skip >= 0 && skip <= body.Length && depth + 1 < limits.Depth)
            {
                Read(body[skip..], header.BodyOffset + skip, header.Type, FindHandler(header.Type, handler, body), depth + 1, limits,
                    nodes);
            }

            position += (int)header.Length;
        }
    }

    /// <summary>Where the boxes inside a box begin, in its body; -1 when it holds none.</summary>
    internal static int ChildrenAt(FourCc type, FourCc parent, FourCc handler, ReadOnlySpan<byte> body) => type.Value switch
    {
        BoxType.Moov or BoxType.Trak or BoxType.Mdia or BoxType.Minf or BoxType.Stbl or BoxType.Edts or BoxType.Dinf or BoxType.Mvex
            or BoxType.Moof or BoxType.Traf or BoxType.Mfra or BoxType.Udta or BoxType.Wave or BoxType.Gmhd or BoxType.Sinf
            or BoxType.Schi or BoxType.Rinf or BoxType.Tapt or BoxType.Clip or BoxType.Matt or BoxType.Cmov or BoxType.Ilst => 0,
        BoxType.Stsd or BoxType.Dref => 8,
        // A full box by the standard, a plain one in QuickTime: there its first child, hdlr, begins at once.
        BoxType.Meta => body.Length >= 8 && FourCc.Read(body[4..]).Value == BoxType.Hdlr ? 0 : 4,
        _ when parent.Value == BoxType.Stsd => EntryChildrenAt(type, handler, body),
        _ => -1,
    };

    /// <summary>Sample entries have fields in front of their boxes, by the kind of track.</summary>
    private static int EntryChildrenAt(FourCc type, FourCc handler, ReadOnlySpan<byte> body)
    {
        if (handler.ToString() == "vide" || CodecList.FindEntry(type) is { Kind: TrackKind.Video })
        {
            return 78;
        }

        if (handler.ToString() != "soun" || body.Length < 10)
        {
            return -1;
        }

        return (body[8] << 8 | body[9]) switch
        {
            1 => 44,
            2 => 64,
            _ => 28,
        };
    }

    /// <summary>
    /// The handler of a media box, known before its children are looked at, whatever their order. QuickTime has a second <c>hdlr</c>
    /// further in, which says nothing about the samples.
    /// </summary>
    internal static FourCc FindHandler(FourCc type, FourCc handler, ReadOnlySpan<byte> body)
    {
        if (type.Value != BoxType.Mdia)
        {
            return handler;
        }

        int position = 0;
        while (body.Length - position >= BoxHeader.MinLength)
        {
            uint size = (uint)(body[position] << 24 | body[position + 1] << 16 | body[position + 2] << 8 | body[position + 3]);
            if (size < BoxHeader.MinLength || size > (uint)(body.Length - position))
            {
                return handler;
            }

            if (FourCc.Read(body[(position + 4)..]).Value == BoxType.Hdlr && size >= 20)
            {
                return FourCc.Read(body[(position + 16)..]);
            }

            position += (int)size;
        }

        return handler;
    }
}

/// <summary>One box of a listing.</summary>
/// <param name="Type">Its type; zero where not even that could be read.</param>
/// <param name="Offset">Of its header in the file.</param>
/// <param name="HeaderLength">In bytes; 0 when <paramref name="Fault"/> says why.</param>
/// <param name="Length">In bytes, header included; what is left of the parent when <paramref name="Fault"/> says why.</param>
/// <param name="Depth">0 for the outermost boxes.</param>
/// <param name="Fault">What is wrong with the header, so that nothing after it in its parent could be read; else null.</param>
public readonly record struct BoxNode(FourCc Type, long Offset, int HeaderLength, long Length, int Depth, string? Fault);
