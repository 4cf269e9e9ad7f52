using Mapwire.Rtmp.Amf;
using Mapwire.Server.Live;
using Xunit;

namespace Mapwire.Server.Tests.Live;

/// <summary>What encoders say of their streams, which is often too much, too little or not AMF.</summary>
public sealed class LiveMetadataTests
{
    [Fact]
    public void Tracks_are_promised_by_their_codecs_or_by_words_of_their_own()
    {
        Assert.Equal((true, true), Promises(("videocodecid", AmfValue.Number(7)), ("audiocodecid", AmfValue.Number(10))));
        Assert.Equal((true, false), Promises(("videocodecid", AmfValue.String("avc1")), ("audiocodecid", AmfValue.Number(0))));
        Assert.Equal((false, true), Promises(("hasVideo", AmfValue.False), ("hasAudio", AmfValue.True)));
    }

    /// <summary>LIVE 5 and 8: metadata without tracks, or with the size of pictures and no codec, promise nothing and rule nothing out.
    /// </summary>
    [Fact]
    public void What_is_not_said_is_neither_promised_nor_ruled_out()
    {
        Assert.Equal((null, null), Promises());
        Assert.Equal((null, true), Promises(
            ("width", AmfValue.Number(1920)), ("height", AmfValue.Number(1080)), ("audiocodecid", AmfValue.Number(10))));
    }

    /// <summary>LIVE 13.</summary>
    [Theory]
    [InlineData("02 000A 6F6E4D65746144617461 0A 00000001 05", true)] // a strict array
    [InlineData("02 000A 6F6E4D65746144617461 08 00000001 0001 61 0A 00000001 05 000009", true)] // one inside an ECMA array
    [InlineData("02 000A 6F6E4D65746144617461 03 0001 61 0D 000009", true)] // the marker that says unsupported
    [InlineData("02 000A 6F6E4D65746144617461 03 0001 61 04", false)] // a movie clip
    [InlineData("02 000A 6F6E4D65746144617461 03 0001 61 12", false)] // no marker of AMF0
    [InlineData("02 000A 6F6E4D65746144617461 03 0001", false)] // cut off
    [InlineData("02 000A 6F6E4D65746144617461 07 0009", false)] // a reference to nothing
    [InlineData("02 000A 6F6E4D65746144617461", false)] // nothing behind the name
    [InlineData("02 0009 6F6E46695461 7461 78 05", false)] // another message
    [InlineData("00 4000000000000000", false)]
    [InlineData("", false)]
    public void Values_of_any_kind_are_read_or_passed_over(string hex, bool isRead)
    {
        LiveClaims? claims = LiveMetadata.Read(Convert.FromHexString(hex.Replace(" ", "", StringComparison.Ordinal)));
        Assert.Equal(isRead, claims is not null);
        Assert.Empty(claims?.Told ?? []);
    }

    [Fact]
    public void What_is_passed_on_is_bounded_and_never_what_the_server_says_itself()
    {
        LiveClaims claims = Read(
        [
            ("encoder", AmfValue.String("an encoder")), ("framerate", AmfValue.Number(25)), ("duration", AmfValue.Number(9)),
            ("long", AmfValue.String(new string('x', 257))), (new string('n', 257), AmfValue.Number(1)), ("object", AmfValue.Object()),
            .. Enumerable.Range(0, 100).Select(static i => ($"number {i}", AmfValue.Number(i))),
        ])!;
        Assert.Equal(64, claims.Told.Length);
        Assert.Equal(["encoder", "framerate", "number 0"], claims.Told.Take(3).Select(static property => property.Name));
    }

    private static (bool?, bool?) Promises(params (string, AmfValue)[] said) =>
        Read(said) is { } claims ? (claims.HasVideo, claims.HasAudio) : throw new InvalidOperationException("It is not read.");

    private static LiveClaims? Read((string Name, AmfValue Value)[] said)
    {
        Amf0Writer writer = new(default);
        writer.WriteString("onMetaData");
        writer.WriteValue(AmfValue.EcmaArray([.. said.Select(static pair => new AmfProperty(pair.Name, pair.Value))]));
        byte[] bytes = writer.Written.ToArray();
        writer.Dispose();
        return LiveMetadata.Read(bytes);
    }
}
