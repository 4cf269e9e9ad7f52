using Mapwire.Rtmp.Messages;

namespace Mapwire.Rtmp.Tests.Messages;

/// <summary>Responses were made with md5sum and base64 by what librtmp and FFmpeg do; the conformance tests have FFmpeg itself.</summary>
public sealed class PublisherCredentialsTests
{
    private const string Token = "q83vEjRWeJoAAAAqESIzRFVmd4iZqrvM";
    private const string Adobe = $"vod?authmod=adobe&user=studio&challenge=5f3a09c1&response=EKYCXbfh3Yog1rkIjy8DRw==&opaque={Token}";
    private const string Limelight =
        $"vod?authmod=llnw&user=studio&nonce={Token}&cnonce=5f3a09c1&nc=00000001&response=9be86893f8470582503bf7be94ba52bb";

    [Theory]
    [InlineData(Adobe)]
    [InlineData(Limelight)]
    [InlineData($"vod/live?authmod=llnw&user=studio&nonce={Token}&cnonce=5f3a09c1&nc=00000001&response=648bc2edb506ae5687d87b328e4f40a4")]
    [InlineData($"vod?auth=llnw?authmod=llnw&user=studio&nonce={Token}&cnonce=5f3a09c1&nc=00000001"
        + "&response=fdfbe1e5df8c44cd65860a2a00bfb170")] // FFmpeg hashes the query, too
    [InlineData($"vod?auth=llnw?authmod=llnw&user=studio&nonce={Token}&cnonce=5f3a09c1&nc=00000001"
        + "&response=9be86893f8470582503bf7be94ba52bb")] // librtmp does not
    [InlineData($"vod?auth=adobe&authmod=adobe&user=studio&challenge=5f3a09c1&response=EKYCXbfh3Yog1rkIjy8DRw%3D%3D&opaque={Token}")]
    [InlineData($"vod?authmod=adobe&user=my%20user&challenge=5f3a09c1&response=xsHUaIL+hfyt40/qriECbQ==&opaque={Token}")]
    public void The_password_is_proven_by_the_response_and_another_one_is_not(string app)
    {
        PublisherCredentials credentials = PublisherCredentials.Parse(app)!;
        Assert.Equal(Token, credentials.Token);
        Assert.True(credentials.Prove("long-and-secret"u8));
        Assert.False(credentials.Prove("long-and-secre"u8));
        Assert.False(credentials.Prove("long-and-secrets"u8));
        Assert.False(credentials.Prove(""u8));
    }

    [Theory]
    [InlineData(Adobe)]
    [InlineData(Limelight)]
    public void A_response_with_another_character_anywhere_proves_nothing(string app)
    {
        int begin = app.IndexOf("user=studio", StringComparison.Ordinal) + "user=studio".Length;
        for (int i = begin + 1; i < app.Length; i++)
        {
            string other = $"{app[..i]}{(app[i] == 'A' ? 'B' : 'A')}{app[(i + 1)..]}";
            Assert.False(PublisherCredentials.Parse(other)?.Prove("long-and-secret"u8) ?? false, other);
        }
    }

    [Theory]
    [InlineData("vod")]
    [InlineData("vod?user=studio")]
    [InlineData("vod?authmod=")]
    [InlineData("vod?authmod=adobes&user=studio")]
    [InlineData("authmod=adobe&user=studio")]
    [InlineData("vod?xauthmod=adobe&user=studio")]
    public void Whoever_names_no_known_method_has_no_credentials(string app) => Assert.Null(PublisherCredentials.Parse(app));

    [Fact]
    public void A_user_without_a_token_is_given_one_in_words_that_clients_read()
    {
        PublisherCredentials adobe = PublisherCredentials.Parse("vod?authmod=adobe&user=studio")!;
        Assert.Equal((AuthenticationMethod.Adobe, "studio"), (adobe.Method, adobe.User));
        Assert.Null(adobe.Token);
        Assert.False(adobe.Prove("long-and-secret"u8));
        Assert.Equal(
            "[ AccessManager.Reject ] : [ authmod=adobe ] : "
            + $"?reason=needauth&user=studio&salt=q83vEjRW&challenge={Token}&opaque={Token}",
            adobe.Challenge(Token));
        PublisherCredentials limelight = PublisherCredentials.Parse("vod?authmod=llnw&user=studio")!;
        Assert.Equal(
            $"[ AccessManager.Reject ] : [ authmod=llnw ] : ?reason=needauth&user=studio&nonce={Token}", limelight.Challenge(Token));
        Assert.Equal(
            "[ AccessManager.Reject ] : [ code=403 need auth; authmod=llnw ] : ",
            PublisherCredentials.Ask(AuthenticationMethod.Limelight));
        Assert.Contains("?reason=authfailed", limelight.Refuse(), StringComparison.Ordinal);
    }

    [Fact]
    public void The_longest_words_are_read_whole_by_clients_that_keep_255_characters()
    {
        string user = new('u', PublisherCredentials.MaxUserLength);
        foreach (string method in (string[])["adobe", "llnw"])
        {
            Assert.InRange(PublisherCredentials.Parse($"vod?authmod={method}&user={user}")!.Challenge(Token).Length, 100, 255);
        }
    }

    [Theory]
    [InlineData("vod?authmod=adobe&user=u&opaque=short&challenge=1&response=x")] // no token of ours
    [InlineData("vod?authmod=adobe&opaque=q83vEjRWeJoAAAAqESIzRFVmd4iZqrvM&response=")]
    [InlineData("vod?authmod=llnw&nonce=q83vEjRWeJoAAAAqESIzRFVmd4iZqrvM&response=%FF%zz&user=%")]
    public void What_is_half_said_proves_nothing(string app) => Assert.False(PublisherCredentials.Parse(app)!.Prove("secret"u8));

    [Fact]
    public void Credentials_say_nothing_of_themselves() => Assert.Equal("adobe", PublisherCredentials.Parse(Adobe)!.ToString());
}
