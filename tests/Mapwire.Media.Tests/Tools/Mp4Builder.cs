using static Mapwire.Media.Tests.Tools.EditableBox;

namespace Mapwire.Media.Tests.Tools;

/// <summary>A whole small file made by hand: one video track whose samples lie one after another in one chunk.</summary>
internal sealed class Mp4Builder
{
    /// <summary>avcC of a 160x120 Baseline stream, as ffmpeg 5.1 and x264 164 write it.</summary>
    public static readonly byte[] AvcRecord = Convert.FromHexString(
        "0142C00BFFE100176742C00BD902847E5C0440000003004000000C83C50A9201000568CB83CB20");

    public uint Timescale { get; set; } = 1000;

    public uint MovieTimescale { get; set; } = 1000;

    public uint[] Sizes { get; set; } = [100, 20, 30, 40];

    public uint Delta { get; set; } = 40;

    public List<EditableBox> Extra { get; } = [];

    public EditableBox BuildMovie(long dataOffset)
    {
        byte[] sizes = Bytes(0, 0, Sizes.Length, Bytes([.. Sizes.Cast<object>()]));
        EditableBox entry = new("avc1", Bytes(
            0, (short)0, (short)1, new byte[16], (short)160, (short)120, new byte[50], new EditableBox("avcC", AvcRecord).Write()));
        EditableBox stbl = new(
            "stbl",
            new EditableBox("stsd", Bytes(0, 1, entry.Write())),
            new EditableBox("stts", Bytes(0, 1, Sizes.Length, Delta)),
            new EditableBox("stss", Bytes(0, 1, 1)),
            new EditableBox("stsc", Bytes(0, 1, 1, Math.Max(1, Sizes.Length), 1)),
            new EditableBox("stsz", sizes),
            new EditableBox("stco", Bytes(0, 1, (uint)dataOffset)));
        EditableBox minf = new("minf", new EditableBox("vmhd", Bytes(1, 0L)), stbl);
        EditableBox mdia = new(
            "mdia",
            new EditableBox("mdhd", Bytes(0, 0, 0, Timescale, 0, 0x55C40000)),
            new EditableBox("hdlr", Bytes(0, 0, "vide", new byte[12], (byte)0)),
            minf);
        EditableBox trak = new("trak", new EditableBox("tkhd", Bytes(7, 0, 0, 1, new byte[68])), mdia);
        EditableBox moov = new("moov", new EditableBox("mvhd", Bytes(0, 0, 0, MovieTimescale, 0, new byte[80])), trak);
        moov.Children!.AddRange(Extra);
        return moov;
    }

    /// <summary>ftyp, mdat, moov; <paramref name="change"/> is let loose on the moov before it is written.</summary>
    public byte[] Build(Action<EditableBox>? change = null)
    {
        byte[] ftyp = new EditableBox("ftyp", Bytes("isom", 512, "isom")).Write();
        byte[] data = new byte[Sizes.Sum(size => size)];
        for (int i = 0; i < data.Length; i++)
        {
            data[i] = (byte)(i * 7);
        }

        byte[] mdat = new EditableBox("mdat", data).Write();
        EditableBox moov = BuildMovie(ftyp.Length + 8);
        change?.Invoke(moov);
        return [.. ftyp, .. mdat, .. moov.Write()];
    }

    /// <summary>An elst of version 0: duration in the movie's timescale, media time, rate in 16.16.</summary>
    public static EditableBox EditList(params (uint Duration, int MediaTime, uint Rate)[] edits) =>
        new("edts",
        new EditableBox("elst",
        Bytes(0, edits.Length, Bytes([.. edits.SelectMany(edit => new object[] { edit.Duration, edit.MediaTime, edit.Rate })]))));
}
