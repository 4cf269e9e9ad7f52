using System.Diagnostics;
using System.Net;
using Mapwire.Memory;
using Mapwire.Memory.Sharing;
using Mapwire.Server.Hosting;
using Mapwire.Server.Statistics;
using Mapwire.Server.Strips;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Mapwire.Server.Tests.Statistics;

public sealed class ServerStatisticsTests
{
    [Fact]
    public void Of_more_addresses_than_there_is_room_for_the_first_are_seen_whole()
    {
        string[] urls = [.. Enumerable.Range(0, 64).Select(static i => $"rtmp://[2001:db8::{i:x4}]:1935/applications")];
        using Publication publication = new(urls: urls);
        IReadOnlyList<string> seen = publication.Read().Addresses;
        Assert.InRange(seen.Count, 1, 63);
        Assert.Equal(urls.Take(seen.Count), seen);
        Assert.InRange(string.Join(' ', seen).Length, 1024 - urls[0].Length - 1, 1024);
    }

    [Fact]
    public void A_reader_sees_the_server_as_it_is()
    {
        using Publication publication = new();
        ServerSnapshot seen = publication.Read();
        Assert.Equal(Publication.Name, seen.Name);
        Assert.Equal(Environment.ProcessId, seen.ProcessId);
        Assert.Equal("rtmp://127.0.0.1:1935/vod", Assert.Single(seen.Addresses));
        Assert.Equal(publication.Options.Folder, seen.Folder);
        Assert.Equal(ServerState.Running, seen.State);
        Assert.InRange(seen.HeartbeatAge, TimeSpan.Zero, TimeSpan.FromSeconds(3));
        Assert.InRange(seen.Uptime, TimeSpan.Zero, TimeSpan.FromMinutes(1));
        Assert.Equal(2, seen.Workers.Count);
        Assert.Empty(seen.Players);
        Assert.Empty(seen.Titles);
    }

    [Fact]
    public void Players_come_and_go_and_their_places_are_used_again()
    {
        using Publication publication = new(maxConnections: 500);
        using ServerStatisticsReader reader = publication.Open();
        WorkerStatistics[] workers = [publication.Server.ForWorker(0), publication.Server.ForWorker(1)];
        long size = 0;
        HashSet<long> ids = [];
        for (int round = 0; round < 3; round++)
        {
            List<PlayerStatistics> players = [];
            for (int i = 0; i < 400; i++)
            {
                players.Add(workers[i % 2].Enter(new IPEndPoint(IPAddress.Parse("10.0.0.7"), 1000 + i), 5)!);
            }

            Array.ForEach(workers, static worker => worker.EndRound(200, 5));
            ServerSnapshot seen = reader.Read();
            Assert.Equal(400, seen.Connections);
            Assert.Equal(Enumerable.Range(1000, 400), seen.Players.Select(player => player.Peer!.Port).Order());
            Assert.All(seen.Players, player => Assert.Equal("10.0.0.7", player.Peer!.Address.ToString()));
            Assert.All(seen.Players, player => Assert.True(ids.Add(player.Id)));
            players.ForEach(player => player.Leave(100));
            Assert.Empty(reader.Read().Players);

            using SharedMemory memory = SharedMemory.Open("mapwire-serve-" + Publication.Name, new SharedMemoryOptions
            {
                Folder = publication.Folder,
                LayoutId = StatisticsLayout.LayoutId,
                LayoutVersion = StatisticsLayout.Version,
                ReadOnly =
                    true,
            });
            Assert.True(size == 0 || size == memory.Size, "no more places are made than there were connections at once");
            size = memory.Size;
        }

        foreach (WorkerStatistics worker in workers)
        {
            worker.EndRound(0, 10_000);
        }

        Assert.Equal(3 * 400 * 100, reader.Read().Bytes);
    }

    [Fact]
    public void Addresses_of_all_kinds_are_kept()
    {
        using Publication publication = new();
        WorkerStatistics worker = publication.Server.ForWorker(0);
        worker.Enter(new IPEndPoint(IPAddress.Parse("2001:db8::1:2"), 65535), 1);
        worker.Enter(new IPEndPoint(IPAddress.Parse("::ffff:192.0.2.1"), 1), 2);
        worker.Enter(null, 3);
        Assert.Equal(["[2001:db8::1:2]:65535", "192.0.2.1:1", null], publication.Read().Players.Select(player => player.Peer?.ToString()));
    }

    [Fact]
    public void A_server_with_more_connections_than_it_has_room_for_serves_them_unseen()
    {
        using Publication publication = new(maxConnections: 1, workers: 1);
        WorkerStatistics worker = publication.Server.ForWorker(0);
        int places = 0;
        while (places < 10_000 && worker.Enter(null, 1) is not null)
        {
            places++;
        }

        Assert.InRange(places, 1, 9_999);
        Assert.Equal(places, publication.Read().Players.Count);
    }

    [Fact]
    public void A_reader_stopped_while_it_holds_the_lock_stops_no_worker_and_hides_no_player()
    {
        using Publication publication = new(maxConnections: 2000);
        WorkerStatistics worker = publication.Server.ForWorker(0);
        int players = 0;
        Stopwatch clock = Stopwatch.StartNew();
        using (HoldLock(publication))
        {
            for (; players < 500; players++)
            {
                Assert.NotNull(worker.Enter(null, 1));
            }

            Assert.NotNull(EnterTitle(publication, "film.mp4"));
            while (worker.Enter(null, 1) is not null)
            {
                players++; // until the room that was made ahead is used up
            }

            for (int i = 0; i < 100; i++)
            {
                EnterTitle(publication, $"{i}.mp4");
            }
        }

        Assert.True(clock.Elapsed < TimeSpan.FromSeconds(8), $"took {clock.Elapsed}: a worker has waited for the lock");
        for (int i = 0; i < 300; i++, players++)
        {
            Assert.NotNull(worker.Enter(null, 1)); // it is free again
        }

        for (int i = 0; i < 100; i++)
        {
            Assert.NotNull(EnterTitle(publication, $"{i}.mp4"));
        }

        Assert.Equal(players, publication.Read().Players.Count);
        Assert.Equal(101, publication.Read().Titles.Count);
    }

    /// <summary>What another process has when it is stopped in the middle of opening the statistics.</summary>
    private static RangeLock HoldLock(Publication publication)
    {
        const long CreationLock = 1L << 61; // LockBytes.SegmentCreation of Mapwire.Memory
        using MappedFile file = MappedFile.Open(
            Assert.Single(Directory.GetFiles(publication.Folder)), new MappedFileOptions { Access = FileAccess.ReadWrite });
        return RangeLock.Acquire(file, CreationLock, 1, cancellationToken: TestContext.Current.CancellationToken);
    }

    private static TitleStatistics? EnterTitle(Publication publication, string name)
    {
        Title title = Title.Open(SampleClip.Path, name);
        TitleStatistics? place = publication.Server.Enter(PlayedTitle.Of(title));
        title.Release();
        return place;
    }

    [Fact]
    public void Titles_nobody_plays_stay_for_a_while_and_make_room_for_others()
    {
        using Publication publication = new(maxConnections: 1000);
        List<TitleStatistics> playing = [];
        for (int i = 0; i < 30; i++)
        {
            playing.Add(Enter($"kept{i}.mp4"));
        }

        for (int i = 0; i < 500; i++)
        {
            publication.Server.Leave(Enter($"title{i:000}.mp4"), bytes: i, stalls: 1);
        }

        ServerSnapshot seen = publication.Read();
        Assert.All(playing.Select((_, i) => $"kept{i}.mp4"), name => Assert.Contains(seen.Titles, title => title.Name == name));
        Assert.InRange(seen.Titles.Count, 30 + 64, 30 + 64 + StatisticsLayout.TitlesPerChunk);
        TitleSnapshot last = seen.Titles.Single(title => title.Name == "title499.mp4");
        Assert.Equal((1, 499, 1, 0), (last.Plays, last.Bytes, last.Stalls, last.Players));
        Assert.Equal(new FileInfo(SampleClip.Path).Length, last.FileLength);
        Assert.DoesNotContain(seen.Titles, title => title.Name == "title000.mp4");

        publication.Server.Leave(Enter("title499.mp4"), bytes: 1, stalls: 0);
        Assert.Equal((2, 500),
            publication.Read().Titles.Where(title => title.Name == "title499.mp4").Select(title => ((int)title.Plays, (int)title.Bytes))
                .Single());

        TitleStatistics Enter(string name)
        {
            Title title = Title.Open(SampleClip.Path, name);
            TitleStatistics place = publication.Server.Enter(PlayedTitle.Of(title))!;
            title.Release();
            return place;
        }
    }

    [Fact]
    public void A_whole_server_publishes_and_takes_it_back()
    {
        using TemporaryFolder films = new();
        string folder = Directory.CreateTempSubdirectory("mapwire-statistics-").FullName;
        MediaServer server = new(
            new MediaServerOptions
            {
                Folder = films.Path,
                EndPoints = [new IPEndPoint(IPAddress.Loopback, 0)],
                StatisticsName = "whole",
                StatisticsFolder = folder
            },
            NullLogger.Instance);
        using (server)
        {
            server.Start();
            Assert.Equal(["whole"], ServerStatisticsReader.Names(folder));
            using ServerStatisticsReader reader = ServerStatisticsReader.Open("whole", folder);
            Assert.EndsWith($":{server.EndPoint.Port}/vod", reader.Read().Addresses[0], StringComparison.Ordinal);
            Assert.Equal(Environment.ProcessorCount, reader.Read().Workers.Count);
            server.Stop();
        }

        Assert.Empty(ServerStatisticsReader.Names(folder));
        Assert.Throws<FileNotFoundException>(() => ServerStatisticsReader.Open("whole", folder));
        Assert.Throws<FileNotFoundException>(() => ServerStatisticsReader.Open("../whole", folder));
        Directory.Delete(folder);
    }

    [Fact]
    public void A_worker_that_does_not_come_back_makes_the_server_stuck()
    {
        using Publication publication = new();
        WorkerStatistics[] workers = [publication.Server.ForWorker(0), publication.Server.ForWorker(1)];
        long now = Environment.TickCount64;
        workers[0].BeginRound(now);
        workers[1].BeginRound(now - 10_000);
        ServerSnapshot seen = publication.Read();
        Assert.Equal(ServerState.Stuck, seen.State);
        Assert.InRange(seen.HeartbeatAge, TimeSpan.Zero, TimeSpan.FromSeconds(3));
        Assert.InRange(seen.Workers[1].Silence, TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(13));
        workers[1].BeginRound(Environment.TickCount64);
        Assert.Equal(ServerState.Running, publication.Read().State);
    }

    [Fact]
    public void A_name_in_use_leaves_the_server_without_statistics_and_the_first_one_alone()
    {
        using Publication publication = new();
        Assert.Null(ServerStatistics.TryPublish(
            publication.Options.ToPublishedServer("rtmp://127.0.0.1:1/vod")!, NullLogger.Instance));
        Assert.Equal("rtmp://127.0.0.1:1935/vod", Assert.Single(publication.Read().Addresses));
    }

    [Fact]
    public void Names_that_could_mean_a_path_are_refused()
    {
        foreach (string name in (string[])["", "a/b", "..", "a ", new string('a', 81), "é", "off."])
        {
            ArgumentException wrong =
                Assert.Throws<ArgumentException>(new MediaServerOptions { Folder = ".", StatisticsName = name }.Validate);
            Assert.Equal(nameof(MediaServerOptions.StatisticsName), wrong.ParamName);
        }
    }

    [Fact]
    public void Damaged_statistics_are_refused_or_read_within_bounds()
    {
        using Publication publication = new();
        WorkerStatistics worker = publication.Server.ForWorker(0);
        Title title = SampleClip.Open();
        publication.Server.Enter(PlayedTitle.Of(title));
        title.Release();
        worker.Enter(new IPEndPoint(IPAddress.Loopback, 1), 1);
        string file = Assert.Single(Directory.GetFiles(publication.Folder));
        byte[] good = File.ReadAllBytes(file);
        Random random = new(5);
        int refused = 0;
        for (int round = 0; round < 1000; round++)
        {
            using FileStream written = new(file, FileMode.Open, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete);
            for (int spot = 0; spot < 40; spot++)
            {
                int at = random.Next(8192, good.Length - 8) & ~7; // the records; what is before them is the shared memory's own
                written.Position = at;
                written.Write(BitConverter.GetBytes(spot % 2 == 0 ? random.NextInt64() : random.NextInt64(-2, 70)));
            }

            written.Flush();
            try
            {
                publication.Read();
            }
            catch (SharedMemoryFormatException)
            {
                refused++;
            }

            written.Position = 8192;
            written.Write(good.AsSpan(8192));
        }

        Assert.InRange(refused, 1, 999);
        Assert.Equal(Environment.ProcessId, publication.Read().ProcessId);
    }
}
