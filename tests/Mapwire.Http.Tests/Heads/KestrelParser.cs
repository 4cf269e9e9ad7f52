using System.Buffers;
using System.Text;
using Mapwire.Http.Heads;
using Microsoft.AspNetCore.Server.Kestrel.Core.Internal.Http;

namespace Mapwire.Http.Tests.Heads;

/// <summary>Kestrel's own reader of heads, and what it makes of one that we call simple.</summary>
internal sealed class KestrelParser : IHttpRequestLineHandler, IHttpHeadersHandler
{
    private readonly HttpParser<KestrelParser> _parser = new();
    private readonly List<(string Name, string Value)> _fields = [];
    private string _line = "";

    /// <summary>Has Kestrel read a head that was accepted.</summary>
    /// <param name="received">All bytes, with what follows the head.</param>
    /// <param name="head">The head.</param>
    /// <exception cref="Microsoft.AspNetCore.Http.BadHttpRequestException">Kestrel refuses it.</exception>
    /// <exception cref="Xunit.Sdk.XunitException">Kestrel reads something else in it.</exception>
    public void RequireSame(ReadOnlySpan<byte> received, in RequestHead head)
    {
        _fields.Clear();
        SequenceReader<byte> reader = new(new ReadOnlySequence<byte>(received.ToArray()));
        Assert.True(_parser.ParseRequestLine(this, ref reader), "Kestrel misses the end of the request line");
        Assert.True(_parser.ParseHeaders(this, ref reader), "Kestrel misses the end of the head");
        Assert.Equal(head.Length, reader.Consumed);
        Assert.Equal($"{head.Method.ToString().ToUpperInvariant()} {Encoding.ASCII.GetString(head.Target)}", _line);
        List<(string, string)> ours = [];
        foreach (FieldLines field in head.Fields)
        {
            ours.Add((Encoding.ASCII.GetString(field.Name), Encoding.ASCII.GetString(field.Value)));
        }

        Assert.Equal(ours, _fields);
    }

    public void OnStartLine(HttpVersionAndMethod versionAndMethod, TargetOffsetPathLength targetPath, Span<byte> startLine)
    {
        Assert.Equal(HttpVersion.Http11, versionAndMethod.Version);
        string line = Encoding.ASCII.GetString(startLine);
        string target = line[targetPath.Offset..].Split(' ')[0];
        _line = $"{line[..versionAndMethod.MethodEnd]} {target}";
        Assert.Equal(versionAndMethod.Method.ToString().ToUpperInvariant(), line[..versionAndMethod.MethodEnd]);
    }

    public void OnHeader(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value) =>
        _fields.Add((Encoding.ASCII.GetString(name), Encoding.ASCII.GetString(value)));

    public void OnHeadersComplete(bool endStream)
    {
    }

    public void OnStaticIndexedHeader(int index) => Assert.Fail("HTTP/2 alone has these");

    public void OnStaticIndexedHeader(int index, ReadOnlySpan<byte> value) => Assert.Fail("HTTP/2 alone has these");
}
