using System.Buffers.Binary;
using Mapwire.Media.Flv;
using Mapwire.Server.Files;
using Mapwire.Server.Flv;
using Mapwire.Server.Live;
using Mapwire.Server.Loop;
using Mapwire.Server.Sending;
using Mapwire.Server.Strips;
using Xunit;

namespace Mapwire.Server.Tests.Live;

/// <summary>A viewer of FLV that keeps what it is told and sent, and reads as many bytes as a test lets it.</summary>
internal sealed class LiveViewer : ILiveViewer, ILiveAnnouncer, IDisposable
{
    private readonly EventLoop _loop;
    private readonly GatherList _list = new();
    private readonly LivePlays _plays = new();
    private readonly MemoryStream _wire = new();

    public LiveViewer(
        LiveStreams streams, string name, EventLoop loop, PlayerAbilities abilities = PlayerAbilities.None, long behind = 0,
        int video = 0, int audio = 0)
    {
        _loop = loop;
        LiveRequest request = new(1, name, abilities, behind, video, audio);
        Play = new LivePlay(streams, name, request, new LiveSeat(loop, this), this, FlvStream.CreateLiveCursor(isFramed: false));
        _plays.Add(Play);
    }

    public LivePlay Play { get; }

    /// <summary>Whether it keeps pages that others are short of.</summary>
    public bool PinsPages => _plays.PinsPages;

    public bool IsDisposed { get; private set; }

    /// <summary>What was said, in order.</summary>
    public List<string> Said { get; } = [];

    /// <summary>How much it has read.</summary>
    public long BytesRead => _wire.Length;

    /// <summary>How often it was called.</summary>
    public int Wakes { get; private set; }

    /// <summary>The messages that came whole.</summary>
    public IReadOnlyList<LiveTag> Tags
    {
        get
        {
            List<LiveTag> tags = [];
            ReadOnlySpan<byte> rest = _wire.ToArray();
            while (rest.Length >= FlvTagHeader.Length)
            {
                int length = (rest[1] << 16) | (rest[2] << 8) | rest[3];
                if (rest.Length < FlvTagHeader.Length + length + FlvTagHeader.TrailerLength)
                {
                    break;
                }

                uint time = (uint)(rest[4] << 16 | rest[5] << 8 | rest[6] | rest[7] << 24);
                tags.Add(new LiveTag(rest[0] == FlvTagHeader.Video, time, rest.Slice(FlvTagHeader.Length, length).ToArray()));
                Assert.Equal(FlvTagHeader.Length + length, BinaryPrimitives.ReadInt32BigEndian(rest[(FlvTagHeader.Length + length)..]));
                rest = rest[(FlvTagHeader.Length + length + FlvTagHeader.TrailerLength)..];
            }

            return tags;
        }
    }

    public void OnLive() => Wakes++;

    public void Started(LivePlay play) => Said.Add("started");

    public void Changed(LivePlay play, LiveCursor before) => Said.Add("changed");

    public void Skipped(LivePlay play) => Said.Add("skipped");

    public void Ended(LivePlay play) => Said.Add("ended");

    public void Refused(LivePlay play, TitleException fault) => Said.Add($"refused: {fault.Message}");

    /// <summary>Looks and reads, as a connection does in its turns, until nothing more comes or the bytes are used up.</summary>
    public void Read(long most = long.MaxValue)
    {
        while (most > 0)
        {
            _list.Clear();
            if (_plays.GatherRest(_list))
            {
                long rest = _list.Length;
                _plays.Look(_loop.Now);
                _plays.GatherDue(_list, 1 << 20);
                long taken = Math.Min(_list.Length, most);
                Take(taken);
                _plays.AdvanceRest(Math.Min(taken, rest));
                _plays.AdvanceDue(Math.Max(0, taken - rest));
                most -= taken;
                if (taken == 0)
                {
                    return;
                }
            }
            else
            {
                long taken = Math.Min(_list.Length, most);
                Take(taken);
                _plays.AdvanceRest(taken);
                most -= taken;
            }
        }
    }

    public void Dispose()
    {
        if (!IsDisposed)
        {
            IsDisposed = true;
            _plays.Abandon();
            _list.Dispose();
        }
    }

    private void Take(long length)
    {
        byte[] bytes = new byte[length];
        Assert.Equal(length, _list.CopyTo(bytes));
        _wire.Write(bytes);
    }
}

/// <summary>A message as it came.</summary>
internal sealed record LiveTag(bool IsVideo, uint Time, byte[] Body);
