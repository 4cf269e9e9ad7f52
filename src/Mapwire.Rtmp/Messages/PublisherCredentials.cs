using System.Security.Cryptography;
using System.Text;

namespace Mapwire.Rtmp.Messages;

/// <summary>What an encoder adds to its application to prove that it knows a password, and what a server says to that.</summary>
/// <remarks>
/// <para>
/// The client connects three times, and is refused twice: it is told the method, names its user, is given a token, and answers with a hash
/// of the token and the password. There is no specification; this is what librtmp and FFmpeg send.
/// </para>
/// <code>
/// app ? authmod=adobe &amp; user= [ &amp; challenge= &amp; response= &amp; opaque= ]
/// app ? authmod=llnw &amp; user= [ &amp; nonce= &amp; cnonce= &amp; nc= &amp; response= ]
/// </code>
/// </remarks>
public sealed record PublisherCredentials
{
    /// <summary>Characters of the user's name: FFmpeg reads 255 of the whole refusal, in which the name is told back.</summary>
    public const int MaxUserLength = 64;

    /// <summary>The least characters of a token (<see cref="Token"/>): its beginning is the salt of the password.</summary>
    public const int MinTokenLength = SaltLength;

    private const int SaltLength = 8;
    private const string Word = "authmod=";

    private readonly string _application;
    private readonly string _clientToken;
    private readonly string _count;

    private PublisherCredentials(AuthenticationMethod method, string application, Func<string, string> valueOf)
    {
        bool isAdobe = method == AuthenticationMethod.Adobe;
        Method = method;
        _application = application;
        User = valueOf("user");
        Token = valueOf(isAdobe ? "opaque" : "nonce") is { Length: >= MinTokenLength } token ? token : null;
        Response = valueOf("response");
        _clientToken = valueOf(isAdobe ? "challenge" : "cnonce");
        _count = valueOf("nc");
    }

    /// <summary>How it is proven.</summary>
    public AuthenticationMethod Method { get; }

    /// <summary>The user's name, as sent.</summary>
    public string User { get; }

    /// <summary>The token that the server gave; null where the client has none yet.</summary>
    public string? Token { get; }

    /// <summary>The proof; empty where there is none.</summary>
    public string Response { get; }

    /// <summary>Reads what stands behind an application.</summary>
    /// <param name="app">As sent in connect.</param>
    /// <returns>Null where nothing of a known method does.</returns>
    public static PublisherCredentials? Parse(string app)
    {
        // It is added behind a '?', also where the application has a query of its own.
        int mark = app.IndexOf("?" + Word, StringComparison.Ordinal);
        mark = mark < 0 ? app.IndexOf("&" + Word, StringComparison.Ordinal) : mark;
        if (mark < 0)
        {
            return null;
        }

        string[] pairs = app[(mark + 1)..].Split('&');
        AuthenticationMethod method = ValueOf(pairs, "authmod") switch
        {
            "adobe" => AuthenticationMethod.Adobe,
            "llnw" => AuthenticationMethod.Limelight,
            _ => AuthenticationMethod.None,
        };
        return method == AuthenticationMethod.None ? null : new PublisherCredentials(method, app[..mark], word => ValueOf(pairs, word));
    }

    /// <summary>Says that a client has to authenticate, and how.</summary>
    public static string Ask(AuthenticationMethod method) =>
        $"[ AccessManager.Reject ] : [ code=403 need auth; authmod={NameOf(method)} ] : ";

    /// <summary>Gives a client that has named its user the token to answer.</summary>
    /// <param name="token">Letters and digits, '-' and '_': clients decode nothing. Its first eight are the salt.</param>
    public string Challenge(string token) =>
        // The last value ends the text: librtmp takes what follows for a part of it.
        $"[ AccessManager.Reject ] : [ authmod={NameOf(Method)} ] : ?reason=needauth&user={User}&"
        + (Method == AuthenticationMethod.Adobe ? $"salt={SaltOf(token)}&challenge={token}&opaque={token}" : $"nonce={token}");

    /// <summary>Says that the user or the password is wrong.</summary>
    public string Refuse() => $"[ AccessManager.Reject ] : [ authmod={NameOf(Method)} ] : ?reason=authfailed&opaque={Token}";

    /// <summary>Whether the response proves that the client knows a password. Takes the same time whatever differs.</summary>
    /// <param name="password">The password, UTF-8.</param>
    public bool Prove(ReadOnlySpan<byte> password)
    {
        if (Token is null || Response.Length == 0)
        {
            return false;
        }

        byte[] response = Encoding.UTF8.GetBytes(Decode(Response));
        bool isProven = false;
        foreach (string user in (HashSet<string>)[User, Decode(User)]) // GStreamer escapes it where it sends it, not where it hashes it
        {
            foreach (string expected in Method == AuthenticationMethod.Adobe
                ? [AdobeResponse(user, password)]
                : Applications().Select(LimelightResponse(user, password)))
            {
                isProven |= CryptographicOperations.FixedTimeEquals(response, Encoding.UTF8.GetBytes(expected));
            }
        }

        return isProven;
    }

    /// <inheritdoc/>
    public override string ToString() => NameOf(Method); // never what proves something

    private static string NameOf(AuthenticationMethod method) => method == AuthenticationMethod.Adobe ? "adobe" : "llnw";

    private static string SaltOf(string token) => token[..SaltLength];

    private static string ValueOf(string[] pairs, string word)
    {
        foreach (string pair in pairs)
        {
            if (pair.Length > word.Length && pair[word.Length] == '=' && pair.StartsWith(word, StringComparison.Ordinal))
            {
                return pair[(word.Length + 1)..];
            }
        }

        return "";
    }

    private static string Decode(string text) => text.Contains('%', StringComparison.Ordinal) ? Uri.UnescapeDataString(text) : text;

    /// <summary>base64(MD5(base64(MD5(user, salt, password)), opaque, challenge)).</summary>
    private string AdobeResponse(string user, ReadOnlySpan<byte> password)
    {
        string salted = Convert.ToBase64String(Hash([.. Encoding.UTF8.GetBytes(user + SaltOf(Token!)), .. password]));
        return Convert.ToBase64String(Hash(Encoding.UTF8.GetBytes(salted + Token + _clientToken)));
    }

    /// <summary>
    /// RFC 2617, section 3.2.2, with the realm <c>live</c> and the method <c>publish</c>: the method of hashing an application.
    /// </summary>
    private Func<string, string> LimelightResponse(string user, ReadOnlySpan<byte> password)
    {
        string secret = Hex([.. Encoding.UTF8.GetBytes($"{user}:live:"), .. password]);
        return application =>
        {
            string what = Hex(Encoding.UTF8.GetBytes($"publish:/{application}"));
            return Hex(Encoding.UTF8.GetBytes($"{secret}:{Token}:{_count}:{_clientToken}:auth:{what}"));
        };
    }

    /// <summary>What clients take for the application: with its query or without, and with an instance where they see none.</summary>
    private HashSet<string> Applications()
    {
        string path = _application.Split('?')[0];
        return [_application, path, _application + "/_definst_", path + "/_definst_"];
    }

    private static string Hex(byte[] bytes) => Convert.ToHexStringLower(Hash(bytes));

#pragma warning disable CA5351 // the protocols' own
    private static byte[] Hash(byte[] bytes) => MD5.HashData(bytes);
#pragma warning restore CA5351
}
