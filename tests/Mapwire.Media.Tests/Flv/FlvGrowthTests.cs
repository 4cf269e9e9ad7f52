using Mapwire.Media.Tests.Tools;
using Xunit;

namespace Mapwire.Media.Tests.Flv;

/// <summary>A recording that is read while it is being written: the reader goes on behind what it has read.</summary>
public sealed class FlvGrowthTests
{
    /// <summary>Longer than any tag of the films here, with what is read around it.</summary>
    private const int LongestTag = 160;

    [Fact]
    public void A_file_cut_at_any_byte_is_read_on_to_the_same_movie()
    {
        byte[] film = Film(25);
        Movie whole = Read(new MovieFileReader(film.Length), film);
        for (int cut = 200; cut < film.Length; cut++)
        {
            MovieFileReader reader = new(cut);
            Movie before = Read(reader, film);
            Sample[][] samples = [.. before.Tracks.Select(static track => track.Samples.ToArray())];
            Assert.True(reader.TryContinue(film.Length), $"cut at {cut}");
            Same(whole, Read(reader, film, from: cut - LongestTag), $"cut at {cut}");
            Assert.Equal(samples, [.. before.Tracks.Select(static track => track.Samples.ToArray())]); // it stays as it was
        }
    }

    [Fact]
    public void A_file_that_grows_byte_by_byte_is_read_to_the_same_movie_as_it_is_at_each_length()
    {
        byte[] film = Film(12);
        MovieFileReader reader = new(200);
        Read(reader, film);
        for (int length = 201; length <= film.Length; length++)
        {
            Assert.True(reader.TryContinue(length), $"length {length}");
            Same(Read(new MovieFileReader(length), film), Read(reader, film, from: length - LongestTag), $"length {length}");
        }
    }

    [Fact]
    public void Where_the_end_may_mean_something_else_later_another_reader_is_wanted()
    {
        byte[] film = [.. Film(5), .. new byte[] { 0xFF, 0xFF, 0xFF }, .. new byte[60]];
        MovieFileReader garbage = new(film.Length);
        Assert.NotEmpty(Read(garbage, film).Damage);
        Assert.False(garbage.TryContinue(film.Length + 100));

        // The last tag is far from what was before it: only what follows says whether its time is wrong or a recorder began anew.
        byte[] jump = new FlvBuilder().Avc().Picture(50_000, isKey: true).Picture(50_040).Picture(0, isKey: true).Build();
        MovieFileReader waiting = new(jump.Length);
        Read(waiting, jump);
        Assert.False(waiting.TryContinue(jump.Length + 100));

        byte[] mp4 = new Mp4Builder { Sizes = [1, 2, 3] }.Build();
        MovieFileReader other = new(mp4.Length);
        Read(other, mp4);
        Assert.False(other.TryContinue(mp4.Length + 100));
    }

    private static byte[] Film(int pictures)
    {
        FlvBuilder film = new FlvBuilder().Avc().Aac();
        int sound = 0;
        for (int i = 0; i < pictures; i++)
        {
            film.Picture(i * 40, isKey: i % 10 == 0);
            for (; sound < (i - 2) * 40; sound += 23)
            {
                film.Sound(sound);
            }
        }

        return film.Build();
    }

    private static Movie Read(MovieFileReader reader, byte[] film, int from = 0)
    {
        while (reader.TryGetNext(out long offset, out int length))
        {
            Assert.True(offset >= from, $"{offset} is wanted again");
            reader.Add(film.AsSpan((int)offset, length));
        }

        return reader.ToMovie();
    }

    private static void Same(Movie expected, Movie movie, string what)
    {
        Assert.Equal(expected.Tracks.Length, movie.Tracks.Length);
        foreach ((Track one, Track other) in expected.Tracks.Zip(movie.Tracks))
        {
            Assert.True(one.Samples.SequenceEqual(other.Samples), what);
            Assert.Equal(one.Duration, other.Duration);
            Assert.Equal(one.Id, other.Id);
            Assert.Equal(one.Rates, other.Rates);
        }

        Assert.Equal(expected.IsTruncated, movie.IsTruncated);
    }
}
