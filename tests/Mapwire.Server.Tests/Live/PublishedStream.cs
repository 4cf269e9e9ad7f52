using Mapwire.Media;
using Mapwire.Media.Tests.Tools;
using Mapwire.Server.Live;
using Xunit;

namespace Mapwire.Server.Tests.Live;

/// <summary>
/// A live stream that a test publishes: 25 pictures a second, each of one value, with a key picture each second, and sound.
/// </summary>
internal sealed class PublishedStream
{
    /// <summary>Those of a server for it: 20 s are kept, segments have 2 s, parts half a second.</summary>
    public static readonly LiveOptions Options = new(
        Window: 20_000, MemoryBytes: 64L << 20, Latency: 250, ResumeTime: 10_000, PublishTimeout: 15_000, PlayWait: 15_000,
        SegmentTime: 2_000, PartTime: 500, TakesOver: true);

    /// <summary>Bytes of a picture.</summary>
    public const int FrameLength = 1_000;

    /// <summary>How long a picture lasts, in milliseconds.</summary>
    public const uint FrameTime = 40;

    /// <summary>The sequence header of pictures.</summary>
    public static readonly byte[] VideoHeader = [0x17, 0, 0, 0, 0, .. Mp4Builder.AvcRecord];

    /// <summary>The sequence header of sound: AAC of 44,100 Hz.</summary>
    public static readonly byte[] AudioHeader = [0xAF, 0, 0x12, 0x10];

    /// <summary>Another one: AAC of 48,000 Hz.</summary>
    public static readonly byte[] OtherAudioHeader = [0xAF, 0, 0x11, 0x90];

    private int _sounds;

    /// <param name="streams">Where it is published.</param>
    /// <param name="name">Its name.</param>
    /// <param name="now">The clock of the publisher's loop.</param>
    public PublishedStream(LiveStreams streams, string name = "cam", long now = 1_000_000)
    {
        Now = now;
        Publisher = streams.TryPublish(name, static (_, reason) => Assert.Fail(reason), out _, now)!;
    }

    /// <summary>The clock of the publisher's loop.</summary>
    public long Now { get; set; }

    /// <summary>Who publishes it.</summary>
    public LivePublisher Publisher { get; }

    /// <summary>The stream.</summary>
    public LiveStream Stream => Publisher.Stream;

    /// <summary>What all bytes of a picture are.</summary>
    public static byte ValueOf(uint timestamp) => (byte)(timestamp / FrameTime * 7);

    /// <summary>Sends the sequence headers.</summary>
    public void Begin()
    {
        Publisher.Take(TrackKind.Video, VideoHeader, 0, Now);
        Publisher.Take(TrackKind.Audio, AudioHeader, 0, Now);
        _sounds = 0;
    }

    /// <summary>Sends pictures and sound from a time to another.</summary>
    public void Play(uint from, uint until, bool keys = true, bool sounds = true, bool pictures = true)
    {
        for (uint time = from; time < until; time += FrameTime)
        {
            if (pictures)
            {
                Picture(time, keys && time % 1000 == 0);
            }

            _sounds = Math.Max(_sounds, (int)(from * 44.1 / 1024));
            while (sounds && _sounds * 1024 / 44.1 < time + FrameTime)
            {
                Sound();
            }

            Publisher.Publish();
            Now += FrameTime;
        }
    }

    /// <summary>Sends one picture.</summary>
    public void Picture(uint time, bool isKey)
    {
        byte[] body = new byte[5 + FrameLength];
        body[0] = (byte)(isKey ? 0x17 : 0x27);
        body[1] = 1;
        body.AsSpan(5).Fill(ValueOf(time));
        Publisher.Take(TrackKind.Video, body, time, Now);
    }

    /// <summary>Sends one frame of sound.</summary>
    public void Sound() => Publisher.Take(TrackKind.Audio, [0xAF, 1, 1, 2, 3], (uint)(_sounds++ * 1024 / 44.1), Now);
}
