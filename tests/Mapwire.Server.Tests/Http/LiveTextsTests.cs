using System.Buffers;
using System.Text;
using Mapwire.Server.Http;
using Mapwire.Server.Http.LiveMedia;
using Mapwire.Server.Live;
using Mapwire.Server.Live.Segments;
using Mapwire.Server.Loop;
using Mapwire.Server.Tests.EventLoops;
using Mapwire.Server.Tests.Live;
using Xunit;

namespace Mapwire.Server.Tests.Http;

/// <summary>Texts of a live stream are written once a version, whoever asks, and hold up neither the publisher nor each other.</summary>
public sealed class LiveTextsTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly EventLoop _loop = new("test", new ScriptedPoller());
    private readonly LiveStreams _streams;
    private readonly PublishedStream _cam;
    private readonly LiveSegments _segments;
    private readonly LiveTexts _texts;

    public LiveTextsTests()
    {
        _streams = new LiveStreams(
            PublishedStream.Options, () => new LoopPhases([_loop]), static fault => Assert.Fail(fault.ToString()), ticks: false);
        _cam = new PublishedStream(_streams);
        _cam.Begin();
        _cam.Play(0, 4_000);
        _segments = _cam.Stream.GetSegments(default)!;
        _texts = new LiveTexts(_segments);
    }

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        _streams.Dispose();
        _loop.Stop(TimeSpan.FromSeconds(10));
    }

    [Fact]
    public async Task A_text_is_written_once_for_all_who_ask_at_once_and_once_more_when_the_stream_has_gone_on()
    {
        const int Readers = 16;
        int described = 0;
        int written = 0;
        using Barrier barrier = new(Readers);
        MadeBody[] bodies = await Task.WhenAll(Enumerable.Range(0, Readers).Select(_ => Task.Factory.StartNew(
            () =>
            {
                barrier.SignalAndWait(Cancellation);
                return Get();
            },
            Cancellation, TaskCreationOptions.LongRunning, TaskScheduler.Default)));
        Assert.All(bodies, body => Assert.Same(bodies[0], body));
        Assert.Equal((1, 1), (described, written));
        Assert.Same(bodies[0], Get());
        _cam.Play(4_000, 5_000);
        Assert.NotSame(bodies[0], Get());
        Assert.Equal((2, 2), (described, written));

        MadeBody Get() => _texts.Get("text", _ =>
        {
            Interlocked.Increment(ref described);
            return output =>
            {
                Interlocked.Increment(ref written);
                Thread.Sleep(20); // others come meanwhile
                output.Write("text"u8);
            };
        });
    }

    [Fact]
    public async Task The_publisher_and_other_texts_go_on_while_a_text_is_written()
    {
        using ManualResetEventSlim begun = new();
        using ManualResetEventSlim mayEnd = new();
        Task<MadeBody> slow = Task.Run(
            () => _texts.Get("slow", _ => output =>
            {
                begun.Set();
                mayEnd.Wait(2 * Patience, Cancellation);
                output.Write("slow"u8);
            }),
            Cancellation);
        Assert.True(begun.Wait(Patience, Cancellation));
        try
        {
            await Task.Run(() => _cam.Play(4_000, 6_000), Cancellation).WaitAsync(Patience / 2, Cancellation);
            await Task.Run(() => Get("other"), Cancellation).WaitAsync(Patience / 2, Cancellation);
        }
        finally
        {
            mayEnd.Set();
        }

        Assert.Equal("slow", Encoding.ASCII.GetString((await slow).Bytes.Span));
    }

    [Fact]
    public void A_text_that_is_there_is_given_without_the_gate_of_the_stream()
    {
        MadeBody known = Get("known");
        (MadeBody Text, string Names)? got = null;
        using ManualResetEventSlim done = new();
        Thread other = new(() =>
        {
            got = (Get("known"), _texts.NamesOf(default));
            done.Set();
        });
        Assert.True(_segments.Read(_ =>
        {
            other.Start();
            return done.Wait(Patience, Cancellation);
        }));
        Assert.Same(known, got!.Value.Text);
        Assert.Equal("v1a1", got.Value.Names);
    }

    [Fact]
    public void Texts_beyond_those_that_are_kept_displace_none()
    {
        MadeBody first = Get("first");
        for (int i = 0; i < 100; i++)
        {
            Get($"{i}");
        }

        Assert.Same(first, Get("first"));
        Assert.NotSame(Get("99"), Get("99"));
    }

    [Fact]
    public void What_wishes_mean_is_known_by_the_tracks_that_there_are()
    {
        Assert.Equal("v1", _texts.NamesOf(new LiveTracksWish(0, -1)));
        Assert.Equal("a1", _texts.NamesOf(new LiveTracksWish(7, 1)));
        Assert.Equal("", _texts.NamesOf(new LiveTracksWish(7, 7)));
    }

    private MadeBody Get(string name) => _texts.Get(name, static _ => static output => output.Write("text"u8));
}
