using System.Security.Cryptography;
using System.Text;
using Mapwire.Rtmp.Amf;
using Mapwire.Rtmp.Messages;
using Mapwire.Server.Live;
using Xunit;

namespace Mapwire.Server.Tests.Live;

/// <summary>An encoder that proves a key at connect, in as many connections as it takes.</summary>
public sealed class PublisherChallengesTests
{
    private const string Agent = "FMLE/3.0 (compatible; FMSc/1.0)";

    private static readonly PublishKeys Keys = new([new(null, "all"), new("cam", "one"), new("cam", "two")]);

    private readonly PublisherChallenges _challenges = new(Keys, AuthenticationMethod.Adobe);
    private long _now = 50_000;

    [Theory]
    [InlineData("all", "other", true)]
    [InlineData("all", "cam", false)]
    [InlineData("one", "cam", true)]
    [InlineData("two", "cam", true)]
    [InlineData("two", "other", false)]
    public void A_key_that_was_proven_opens_what_it_opens_when_it_is_sent(string key, string stream, bool isOpen)
    {
        Assert.Contains("code=403 need auth; authmod=adobe", Judge("vod").Refusal, StringComparison.Ordinal);
        PublisherJudgement judgement = Judge(Answer(Challenge("vod"), key));
        Assert.Null(judgement.Refusal);
        Assert.Equal(isOpen, Keys.Allows(stream, key: null, judgement.Proven));
        Assert.Equal(isOpen, Keys.Allows(stream, key));
        Assert.False(Keys.Allows(stream, key: "", proven: null));
    }

    [Fact]
    public void A_wrong_key_is_refused_in_words_that_encoders_know()
    {
        PublisherJudgement judgement = Judge(Answer(Challenge("vod"), "wrong"));
        Assert.Contains("?reason=authfailed", judgement.Refusal, StringComparison.Ordinal);
        Assert.Equal("the user or the key is wrong", judgement.Reason);
        Assert.Null(judgement.Proven);
    }

    [Fact]
    public void A_key_is_proven_with_a_token_once()
    {
        string answer = Answer(Challenge("vod"), "all");
        Assert.NotNull(Judge(answer).Proven);
        PublisherJudgement again = Judge(answer);
        Assert.Null(again.Proven);
        Assert.Contains("?reason=authfailed", again.Refusal, StringComparison.Ordinal);
        Assert.Contains("answered before", again.Reason, StringComparison.Ordinal);
        Assert.NotNull(Judge(Answer(Challenge("vod"), "all")).Proven);
    }

    [Fact]
    public void A_token_is_valid_for_a_short_time_at_this_server()
    {
        string answer = Answer(Challenge("vod"), "all");
        _now += (PublisherChallenges.TokenLifetime + 2) * 1000;
        Assert.Contains("too old", Judge(answer).Reason, StringComparison.Ordinal);
        PublisherChallenges other = new(Keys, AuthenticationMethod.None);
        string asked = other.Judge(Connect("vod?authmod=adobe&user=u"), _now).Refusal!;
        Assert.Contains("another server", Judge(Answer(asked, "all")).Reason, StringComparison.Ordinal);
        Assert.NotNull(other.Judge(Connect(Answer(asked, "all")), _now).Proven);
    }

    [Fact]
    public void A_token_that_was_used_is_forgotten_when_it_is_not_valid_any_longer_and_never_sooner()
    {
        for (int i = 0; i < PublisherChallenges.MaxUsed; i++)
        {
            Assert.NotNull(Judge(Answer(Challenge("vod"), "all")).Proven);
        }

        string first = Answer(Challenge("vod"), "all");
        Assert.Contains("too many", Judge(first).Reason, StringComparison.Ordinal);
        _now += (PublisherChallenges.TokenLifetime + 2) * 1000;
        Assert.NotNull(Judge(Answer(Challenge("vod"), "all")).Proven);
    }

    [Fact]
    public void A_token_that_was_damaged_is_none()
    {
        string answer = Answer(Challenge("vod"), "all");
        string token = TokenOf(answer);
        for (int i = 0; i < token.Length; i++)
        {
            string other = $"{token[..i]}{(token[i] == 'A' ? 'B' : 'A')}{token[(i + 1)..]}";
            Assert.Null(Judge(Answer($"?reason=needauth&user=u&salt={other[..8]}&opaque={other}", "all")).Proven);
        }

        foreach (string other in (string[])["", "x", "........", token + "A", token[..^1], new('/', 32), new('=', 32), new('é', 32)])
        {
            Assert.Null(Judge($"vod?authmod=adobe&user=u&challenge=1&response=x&opaque={other}").Proven);
        }
    }

    [Theory]
    [InlineData("vod", Agent, null, true)]
    [InlineData("vod", "LNX 10,0,32,18", "nonprivate", true)] // librtmp
    [InlineData("vod", "LNX 9,0,124,2", null, false)] // a player
    [InlineData("vod", null, null, false)]
    [InlineData("vod?key=all", Agent, null, false)]
    [InlineData("vod?x=1&key=all", Agent, null, false)]
    public void Encoders_are_asked_and_players_and_those_with_a_key_are_not(string app, string? agent, string? type, bool isAsked) =>
        Assert.Equal(isAsked, _challenges.Judge(Connect(app, agent, type), _now).Refusal is not null);

    [Theory]
    [InlineData("vod?auth=adobe", "authmod=adobe")]
    [InlineData("vod/live?auth=llnw", "authmod=llnw")]
    [InlineData("vod?x=1&auth=llnw", "authmod=llnw")]
    [InlineData("vod?auth=other", null)]
    [InlineData("vod", null)]
    public void A_client_is_asked_that_wants_to_be_where_nobody_else_is(string app, string? method)
    {
        PublisherChallenges challenges = new(Keys, AuthenticationMethod.None);
        string? refusal = challenges.Judge(Connect(app), _now).Refusal;
        Assert.Equal(method is not null, refusal is not null);
        Assert.Contains(method ?? "", refusal ?? "", StringComparison.Ordinal);
    }

    [Fact]
    public void Where_everybody_or_nobody_may_publish_nothing_is_asked_and_any_password_is_right()
    {
        foreach (PublishKeys keys in (PublishKeys[])[PublishKeys.Open, new([])])
        {
            PublisherChallenges challenges = new(keys, AuthenticationMethod.Adobe);
            Assert.Null(challenges.Judge(Connect("vod", Agent), _now).Refusal);
            Assert.Null(challenges.Judge(Connect("vod?authmod=adobe&user=u"), _now).Refusal);
        }
    }

    [Fact]
    public void A_name_that_would_not_come_back_whole_is_refused()
    {
        string user = new('u', PublisherCredentials.MaxUserLength + 1);
        PublisherJudgement judgement = Judge($"vod?authmod=adobe&user={user}");
        Assert.Contains("?reason=authfailed", judgement.Refusal, StringComparison.Ordinal);
        Assert.Contains("longer than", judgement.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_logged_has_neither_user_nor_token()
    {
        string asked = Challenge("vod?x=1");
        foreach (string app in (string[])["vod?authmod=adobe&user=studio", Answer(asked, "wrong"), Answer(asked, "all")])
        {
            string reason = Judge(app).Reason ?? "";
            Assert.DoesNotContain("studio", reason, StringComparison.Ordinal);
            Assert.DoesNotContain(TokenOf(asked), reason, StringComparison.Ordinal);
        }
    }

    private static ConnectCommand Connect(string app, string? agent = Agent, string? type = null)
    {
        List<AmfProperty> properties = [new("app", AmfValue.String(app))];
        if (agent is not null)
        {
            properties.Add(new("flashVer", AmfValue.String(agent)));
        }

        if (type is not null)
        {
            properties.Add(new("type", AmfValue.String(type)));
        }

        return new ConnectCommand(1, AmfValue.Object([.. properties]));
    }

    private PublisherJudgement Judge(string app) => _challenges.Judge(Connect(app), _now);

    private string Challenge(string app) =>
        Judge($"{app}{(app.Contains('?', StringComparison.Ordinal) ? '&' : '?')}authmod=adobe&user=u").Refusal!;

    private static string TokenOf(string text) => text[(text.IndexOf("opaque=", StringComparison.Ordinal) + "opaque=".Length)..];

    /// <summary>What an encoder adds to its application next.</summary>
    private static string Answer(string asked, string key)
    {
        string token = TokenOf(asked);
        string salted = Base64OfHash("u" + token[..8] + key);
        return $"vod?authmod=adobe&user=u&challenge=0123&response={Base64OfHash(salted + token + "0123")}&opaque={token}";
    }

#pragma warning disable CA5351 // the protocol's own
    private static string Base64OfHash(string text) => Convert.ToBase64String(MD5.HashData(Encoding.UTF8.GetBytes(text)));
#pragma warning restore CA5351
}
