namespace Mapwire.Http.Heads;

/// <summary>The field lines of an accepted head in their order, as views of its bytes; for <c>foreach</c>.</summary>
public ref struct FieldLines
{
    private ReadOnlySpan<byte> _rest;

    internal FieldLines(ReadOnlySpan<byte> lines)
    {
        _rest = lines;
    }

    /// <summary>The field name as sent.</summary>
    public ReadOnlySpan<byte> Name { get; private set; }

    /// <summary>The field value without white space at its ends; may be empty.</summary>
    public ReadOnlySpan<byte> Value { get; private set; }

    /// <summary>This line, for <c>foreach</c>.</summary>
    public readonly FieldLines Current => this;

    /// <summary>Returns itself, for <c>foreach</c>.</summary>
    public readonly FieldLines GetEnumerator() => this;

    /// <summary>Goes to the next line.</summary>
    /// <returns>Whether there is one.</returns>
    public bool MoveNext()
    {
        // field-line = field-name ":" OWS field-value OWS CRLF (RFC 9112, section 5); the empty line ends the head
        int end = _rest.IndexOf("\r\n"u8);
        if (end <= 0)
        {
            return false;
        }

        ReadOnlySpan<byte> line = _rest[..end];
        int colon = line.IndexOf((byte)':');
        Name = line[..colon];
        Value = HeadCharacters.Trim(line[(colon + 1)..]);
        _rest = _rest[(end + 2)..];
        return true;
    }
}
