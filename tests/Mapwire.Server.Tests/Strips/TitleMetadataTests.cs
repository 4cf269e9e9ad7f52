using Mapwire.Rtmp.Amf;
using Mapwire.Server.Strips;
using Xunit;

namespace Mapwire.Server.Tests.Strips;

/// <summary>What is announced of a film, of the clip that all know.</summary>
public sealed class TitleMetadataTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void What_is_known_of_the_tracks_is_announced()
    {
        Title title = SampleClip.Open();
        Dictionary<string, AmfValue> metadata = Read(title);
        Dictionary<string, double> numbers = metadata.Where(static one => one.Value.AsNumber() is not null)
            .ToDictionary(static one => one.Key, static one => Math.Round(one.Value.AsNumber()!.Value, 2));
        Assert.Equal(new FileInfo(SampleClip.Path).Length, numbers["filesize"]);
        Assert.Equal(
            (320, 180, 25, 7, 44_100, 16, 2, 10),
            (numbers["width"], numbers["height"], numbers["framerate"], numbers["videocodecid"],
            numbers["audiosamplerate"], numbers["audiosamplesize"], numbers["audiochannels"], numbers["audiocodecid"]));
        Assert.Equal(title.Duration.TotalSeconds, numbers["duration"]);
        Assert.InRange(numbers["lasttimestamp"], numbers["duration"] - 0.05, numbers["duration"] + 0.1); // as it is sent: by decode times
        Assert.InRange(numbers["videodatarate"] + numbers["audiodatarate"],
            0.8 * BitRate(title), BitRate(title)); // what is left are the file's own tables
        Assert.Equal(
            (true, true, true, true, false, true),
            (Truth("hasVideo"), Truth("hasAudio"), Truth("hasMetadata"), Truth("hasKeyframes"), Truth("canSeekToEnd"), Truth("stereo")));
        AmfValue times = metadata["keyframes"].Properties.Single(static one => one.Name == "times").Value;
        Assert.Equal(title.Strip.SyncPointCount, times.Items.Length);
        Assert.DoesNotContain("audioTrackIdInfoMap", metadata.Keys);
        title.Release();

        bool? Truth(string name) => metadata[name].AsBoolean();
    }

    [Fact]
    public void Who_takes_several_sounds_is_told_of_those_beside_the_first()
    {
        string path = Path.Combine(_folder.Path, "two.mp4");
        File.WriteAllBytes(path, SampleClip.WithTwoSounds());
        Title title = Title.Open(path, "two.mp4", new TrackChoice(Offer.Aac | PlayerAbilities.ManyTracks));
        AmfProperty other = Assert.Single(Read(title)["audioTrackIdInfoMap"].Properties);
        Assert.Equal("1", other.Name);
        Dictionary<string, AmfValue> told = other.Value.Properties.ToDictionary(static one => one.Name, static one => one.Value);
        Assert.Equal("deu", told["language"].AsString());
        Assert.Equal((2, 44_100), (told["channels"].AsNumber(), told["samplerate"].AsNumber()));
        Assert.Equal((double)(('m' << 24) | ('p' << 16) | ('4' << 8) | 'a'), told["audiocodecid"].AsNumber());
        title.Release();
    }

    private static double BitRate(Title title) => new FileInfo(SampleClip.Path).Length * 8 / title.Duration.TotalSeconds / 1000;

    private static Dictionary<string, AmfValue> Read(Title title)
    {
        Amf0Reader reader = new(title.Metadata.Span);
        Assert.Equal("onMetaData", reader.ReadString());
        return reader.ReadValue().Properties.ToDictionary(static one => one.Name, static one => one.Value);
    }
}
