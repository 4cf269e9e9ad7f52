using System.Text.Json;

namespace Mapwire.Server.Files.Playlists;

/// <summary>Reads a list in JSON, token by token, so that each item is known with its place. See <see cref="PlaylistFile"/>.</summary>
internal ref struct PlaylistJson
{
    /// <summary>An object, its list, an item, and what somebody notes about it.</summary>
    private const int MaxDepth = 4;

    private readonly int _start;
    private readonly int _maxItems;
    private PlaylistText _text;
    private Utf8JsonReader _reader;

    /// <param name="text">The file.</param>
    /// <param name="start">Where the JSON begins.</param>
    /// <param name="maxItems">More are refused.</param>
    public PlaylistJson(PlaylistText text, int start, int maxItems)
    {
        _text = text;
        _start = start;
        _maxItems = maxItems;
        JsonReaderOptions options = new() { MaxDepth = MaxDepth, CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true };
        _reader = new Utf8JsonReader(text.Bytes[start..], options);
    }

    private readonly int Here => _start + (int)_reader.TokenStartIndex;

    /// <summary>Reads the items.</summary>
    /// <exception cref="TitleException">It is no playlist, or has too many items.</exception>
    public List<PlaylistItem> Parse()
    {
        try
        {
            _reader.Read();
            List<PlaylistItem> items = _reader.TokenType == JsonTokenType.StartObject ? FindList() : ReadList(Here);
            while (_reader.Read())
            {
                // What comes behind has to be nothing; the reader sees to it.
            }

            return items;
        }
        catch (JsonException malformed)
        {
            throw _text.Wrong("it is no JSON", OffsetOf(malformed));
        }
    }

    private List<PlaylistItem> FindList()
    {
        int start = Here;
        List<PlaylistItem>? items = null;
        while (_reader.Read() && _reader.TokenType == JsonTokenType.PropertyName)
        {
            if (ReadText() == "items")
            {
                _reader.Read();
                items = ReadList(start); // of two, the last one counts, as JSON readers have it
            }
            else
            {
                _reader.Skip();
            }
        }

        return items ?? throw NoList(start);
    }

    private List<PlaylistItem> ReadList(int start)
    {
        if (_reader.TokenType != JsonTokenType.StartArray)
        {
            throw NoList(start);
        }

        List<PlaylistItem> items = [];
        while (_reader.Read() && _reader.TokenType != JsonTokenType.EndArray)
        {
            int at = Here;
            PlaylistItem item = ReadItem(items.Count + 1);
            PlaylistFile.Add(items, item with { Place = _text.PlaceOf(at) }, _maxItems, ref _text);
        }

        return items;
    }

    private PlaylistItem ReadItem(int number)
    {
        int at = Here;
        if (_reader.TokenType == JsonTokenType.String)
        {
            return new PlaylistItem(ReadText(), null, null, default);
        }

        string? name = null;
        PlaylistItem item = default;
        if (_reader.TokenType == JsonTokenType.StartObject)
        {
            while (_reader.Read() && _reader.TokenType == JsonTokenType.PropertyName)
            {
                string word = ReadText();
                _reader.Read();
                switch (word)
                {
                    case "file":
                        name = _reader.TokenType == JsonTokenType.String ? ReadText() : null;
                        _reader.Skip();
                        break;
                    case "in":
                        item = item with { In = ReadTime(word, number) };
                        break;
                    case "out":
                        item = item with { Out = ReadTime(word, number) };
                        break;
                    default:
                        _reader.Skip();
                        break;
                }
            }
        }

        return item with { Name = name ?? throw _text.Wrong($"item {number} is neither a name nor an object with a file", at) };
    }

    private long? ReadTime(string word, int number)
    {
        if (_reader.TokenType == JsonTokenType.Null)
        {
            return null;
        }

        return _reader.TokenType == JsonTokenType.Number && _reader.TryGetDouble(out double seconds)
            && PlaylistFile.ToMilliseconds(seconds) is { } time
            ? time
            : throw _text.Wrong($"item {number}: {word} takes seconds", Here);
    }

    private string ReadText()
    {
        try
        {
            return _reader.GetString()!;
        }
        catch (InvalidOperationException)
        {
            throw _text.Wrong("a text is not Unicode", Here); // bytes that are not UTF-8, half of a surrogate pair
        }
    }

    private TitleException NoList(int start) => _text.Wrong("it is no list, nor an object with a list named items", start);

    private readonly int OffsetOf(JsonException malformed)
    {
        ReadOnlySpan<byte> json = _text.Bytes[_start..];
        int at = 0;
        for (long line = 0; line < malformed.LineNumber && json[at..].IndexOf((byte)'\n') is >= 0 and int end; line++)
        {
            at += end + 1;
        }

        return _start + (int)Math.Clamp(at + (malformed.BytePositionInLine ?? 0), at, json.Length);
    }
}
