using System.Buffers.Binary;
using Mapwire.Media.Tests.Tools;
using static Mapwire.Media.Tests.Tools.EditableBox;

namespace Mapwire.Server.Tests;

/// <summary>
/// Small films of one video track in each container, a picture every 40 ms; films of two seeds differ in sizes and payload alone.
/// </summary>
internal static class FilmBytes
{
    public static byte[] Progressive(byte seed, int samples) =>
        new Mp4Builder { Sizes = [.. Enumerable.Range(0, samples).Select(i => (uint)SizeOf(seed, i))] }.Build();

    public static byte[] Fragmented(byte seed, int samples)
    {
        List<byte> film =
            [.. new Mp4Builder { Sizes = [], Extra =
                { new EditableBox("mvex", new EditableBox("trex", Bytes(0, 1, 1, 40, 5, 0))) } }.Build()];
        for (int i = 0; i < samples; i++)
        {
            int size = SizeOf(seed, i);
            byte[] moof = Moof(0, size);
            film.AddRange([.. Moof(moof.Length + 8, size), .. new EditableBox("mdat", Payload(seed, size)).Write()]);
        }

        return [.. film];

        static byte[] Moof(int dataOffset, int size) =>
            new EditableBox("moof",
            new EditableBox("traf", new EditableBox("tfhd", Bytes(0x20000, 1)),
            new EditableBox("trun", Bytes(0x201, 1, dataOffset, size)))).Write();
    }

    /// <param name="seed">Tells films apart.</param>
    /// <param name="samples">The number of pictures; every tenth is a key frame.</param>
    /// <param name="extraPayload">Bytes that each picture has more.</param>
    public static byte[] Flv(byte seed, int samples, int extraPayload = 0)
    {
        byte[] duration = new byte[8];
        BinaryPrimitives.WriteDoubleBigEndian(duration, 0);
        FlvBuilder film = new();
        film.Tag(18, 0, [2, 0, 10, .. "onMetaData"u8, 8, 0, 0, 0, 1, 0, 8, .. "duration"u8, 0, .. duration, 0, 0, 9]);
        film.Tag(9, 0, [0x17, 0, 0, 0, 0, .. Mp4Builder.AvcRecord]);
        for (int i = 0; i < samples; i++)
        {
            film.Tag(9, (uint)i * 40, [(byte)(i % 10 == 0 ? 0x17 : 0x27), 1, 0, 0, 0, .. Payload(seed, SizeOf(seed, i) + extraPayload)]);
        }

        return film.Build();
    }

    /// <summary>Pictures and sound of 21 ms a packet, each packet of sound some tags behind the pictures of its time.</summary>
    /// <param name="seed">Tells films apart.</param>
    /// <param name="pictures">The number of pictures; every tenth is a key frame.</param>
    public static byte[] FlvWithSound(byte seed, int pictures)
    {
        FlvBuilder film = new();
        film.Tag(9, 0, [0x17, 0, 0, 0, 0, .. Mp4Builder.AvcRecord]);
        film.Tag(8, 0, [0xAF, 0, 0x12, 0x10]);
        int packets = 0;
        for (int i = 0; i < pictures; i++)
        {
            film.Tag(9, (uint)i * 40, [(byte)(i % 10 == 0 ? 0x17 : 0x27), 1, 0, 0, 0, .. Payload(seed, SizeOf(seed, i))]);
            for (; packets * 21 < (i - 3) * 40; packets++)
            {
                film.Tag(8, (uint)packets * 21, [0xAF, 1, .. Payload(seed, 20 + (packets % 3))]);
            }
        }

        return film.Build();
    }

    private static int SizeOf(byte seed, int sample) => 100 + ((seed + sample) % 2 * 10);

    private static byte[] Payload(byte seed, int size)
    {
        byte[] payload = new byte[size];
        payload.AsSpan().Fill(seed);
        return payload;
    }
}
