using System.Buffers.Binary;
using System.Buffers.Text;
using System.Security.Cryptography;
using Mapwire.Rtmp.Messages;

namespace Mapwire.Server.Live;

/// <summary>
/// Has encoders prove at connect that they know a key, by the methods of Adobe and Limelight, in which the key itself is not sent.
/// </summary>
/// <remarks>
/// A token that was given to a client is not remembered: it has its time and a code that only this server can make. Remembered are the
/// tokens that a key was proven with, for as long as they are valid, so that nobody who has listened proves it with the same words again.
/// Any thread may call it.
/// </remarks>
/// <param name="keys">The keys, which are the passwords. Users may have any name.</param>
/// <param name="asks">What encoders are asked for that connect without a key; none: only those that ask for it.</param>
internal sealed class PublisherChallenges(PublishKeys keys, AuthenticationMethod asks)
{
    /// <summary>How long a token is valid, in seconds: the client connects again at once.</summary>
    public const int TokenLifetime = 30;

    /// <summary>Tokens that are remembered: one for each encoder that has begun in their lifetime.</summary>
    public const int MaxUsed = 10_000;

    private const int ChanceLength = 8;
    private const int TimeLength = sizeof(uint);
    private const int CodeLength = 12;

    private readonly byte[] _secret = RandomNumberGenerator.GetBytes(32);
    private readonly Queue<(string Token, long Until)> _used = new();
    private readonly HashSet<string> _usedTokens = new(StringComparer.Ordinal);
    private readonly Lock _gate = new();

    /// <summary>Judges a connect.</summary>
    /// <param name="connect">What the client says.</param>
    /// <param name="now">Milliseconds of a clock that never goes back.</param>
    public PublisherJudgement Judge(ConnectCommand connect, long now)
    {
        if (keys.IsOpen || keys.IsClosed)
        {
            return default; // what it proves makes no difference
        }

        if (PublisherCredentials.Parse(connect.App) is not { } credentials)
        {
            return MethodFor(connect) is not AuthenticationMethod.None and var method
                ? new PublisherJudgement(PublisherCredentials.Ask(method), "it has to prove that it knows a key")
                : default;
        }

        if (credentials.User.Length > PublisherCredentials.MaxUserLength)
        {
            return new PublisherJudgement(
                credentials.Refuse(), $"the name of the user is longer than {PublisherCredentials.MaxUserLength} characters");
        }

        if (credentials.Token is not { } token || credentials.Response.Length == 0)
        {
            return new PublisherJudgement(credentials.Challenge(CreateToken(now)), "it was told how to prove that it knows a key");
        }

        if (!IsValid(token, now))
        {
            return new PublisherJudgement(credentials.Refuse(), "what it answers is too old, or was asked by another server");
        }

        return keys.FindProven(key => credentials.Prove(key)) is not { } proven
            ? new PublisherJudgement(credentials.Refuse(), "the user or the key is wrong")
            : !TryUse(token, now)
            ? new PublisherJudgement(credentials.Refuse(), "what it answers was answered before, or too many begin at once")
            : new PublisherJudgement(null, null, proven);
    }

    /// <summary>What a client without credentials is asked for.</summary>
    private AuthenticationMethod MethodFor(ConnectCommand connect)
    {
        string query = connect.App.Split('?', 2) is [_, var behind] ? behind : "";
        foreach (string pair in query.Split('&'))
        {
            switch (pair)
            {
                case "auth=adobe":
                    return AuthenticationMethod.Adobe;
                case "auth=llnw":
                    return AuthenticationMethod.Limelight;
                case not null when pair.StartsWith("key=", StringComparison.Ordinal):
                    return AuthenticationMethod.None;
            }
        }

        return IsEncoder(connect) ? asks : AuthenticationMethod.None;
    }

    /// <summary>
    /// Whether a client is one that publishes, as far as connect tells it: players are asked for nothing. FFmpeg, librtmp and GStreamer
    /// say that they are Flash Media Live Encoder then, or that their connection is <c>nonprivate</c>.
    /// </summary>
    private static bool IsEncoder(ConnectCommand connect) =>
        connect.Properties["type"]?.AsString() == "nonprivate"
        || (connect.FlashVersion is { } version && (version.StartsWith("FMLE/", StringComparison.Ordinal)
            || version.StartsWith("FME/", StringComparison.Ordinal) || version.StartsWith("Wirecast/", StringComparison.Ordinal)));

    /// <summary>chance(64) | time(32), in seconds | code(96), as base64 of URLs.</summary>
    private string CreateToken(long now)
    {
        Span<byte> token = stackalloc byte[ChanceLength + TimeLength + CodeLength];
        RandomNumberGenerator.Fill(token[..ChanceLength]);
        BinaryPrimitives.WriteUInt32BigEndian(token[ChanceLength..], SecondsOf(now));
        WriteCode(token[..^CodeLength], token[^CodeLength..]);
        return Base64Url.EncodeToString(token);
    }

    private bool IsValid(string text, long now)
    {
        Span<byte> token = stackalloc byte[ChanceLength + TimeLength + CodeLength];
        Span<byte> code = stackalloc byte[CodeLength];
        if (text.Length != Base64Url.GetEncodedLength(token.Length) || !Base64Url.IsValid(text)
            || !Base64Url.TryDecodeFromChars(text, token, out int length) || length != token.Length)
        {
            return false;
        }

        WriteCode(token[..^CodeLength], code);
        return CryptographicOperations.FixedTimeEquals(code, token[^CodeLength..])
            && SecondsOf(now) - BinaryPrimitives.ReadUInt32BigEndian(token[ChanceLength..]) <= TokenLifetime;
    }

    private void WriteCode(ReadOnlySpan<byte> what, Span<byte> code)
    {
        Span<byte> hash = stackalloc byte[HMACSHA256.HashSizeInBytes];
        HMACSHA256.HashData(_secret, what, hash);
        hash[..CodeLength].CopyTo(code);
    }

    private static uint SecondsOf(long now) => unchecked((uint)(now / 1000));

    /// <summary>Takes note that a key was proven with a token.</summary>
    /// <returns>False where that was so before, and where it cannot be remembered.</returns>
    private bool TryUse(string token, long now)
    {
        lock (_gate)
        {
            while (_used.TryPeek(out (string Token, long Until) oldest) && oldest.Until < now)
            {
                _usedTokens.Remove(_used.Dequeue().Token);
            }

            if (_used.Count >= MaxUsed || !_usedTokens.Add(token))
            {
                return false;
            }

            _used.Enqueue((token, now + ((TokenLifetime + 1) * 1000)));
            return true;
        }
    }
}

/// <summary>What becomes of a connect.</summary>
/// <param name="Refusal">Why it is refused, in words for the client; null where it is not.</param>
/// <param name="Reason">The same in words for the log.</param>
/// <param name="Proven">The key that was proven, as <see cref="PublishKeys.Allows"/> takes it; null for none.</param>
internal readonly record struct PublisherJudgement(string? Refusal, string? Reason, byte[]? Proven = null);
