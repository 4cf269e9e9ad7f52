using System.Text;
using Mapwire.Memory.Formats;

namespace Mapwire.Memory.Arenas;

/// <summary>A text that lives in an arena, in UTF-8. It never changes. The value itself is an offset and may be stored in the arena, as
/// the item of a container or the field of a structure.</summary>
/// <param name="Offset">Where its bytes are described; null for the null string.</param>
/// <remarks>Two values are equal if they are the same string in the arena; <see cref="Equals(Arena, ReadOnlySpan{char})"/> compares
/// texts. Making and comparing take time in proportion to the length.</remarks>
[StoredAs(typeof(long), 1)]
public readonly record struct MappedString(Offset<byte> Offset)
{
    internal const int HeaderBytes = 8; // the length

    /// <summary>Whether it is the null string.</summary>
    public bool IsNull => Offset.IsNull;

    /// <summary>Creates a string.</summary>
    /// <param name="arena">The arena.</param>
    /// <param name="text">The text. Half a surrogate pair becomes U+FFFD.</param>
    /// <exception cref="IOException">The arena is full.</exception>
    public static MappedString Create(Arena arena, ReadOnlySpan<char> text)
    {
        ArgumentNullException.ThrowIfNull(arena);
        using ArenaChange change = arena.BeginChange();
        int length = Encoding.UTF8.GetByteCount(text);
        long payload = Take(arena, length);
        Encoding.UTF8.GetBytes(text, arena.Space.Bytes(payload + HeaderBytes, length));
        change.Complete();
        return new MappedString(new Offset<byte>(payload));
    }

    /// <summary>Creates a string.</summary>
    /// <param name="arena">The arena.</param>
    /// <param name="utf8">The text in UTF-8. It is not checked.</param>
    /// <exception cref="IOException">The arena is full.</exception>
    public static MappedString Create(Arena arena, ReadOnlySpan<byte> utf8)
    {
        ArgumentNullException.ThrowIfNull(arena);
        using ArenaChange change = arena.BeginChange();
        long payload = Take(arena, utf8.Length);
        utf8.CopyTo(arena.Space.Bytes(payload + HeaderBytes, utf8.Length));
        change.Complete();
        return new MappedString(new Offset<byte>(payload));
    }

    /// <summary>The text in UTF-8, in place; empty for the null string. Good until it is freed.</summary>
    /// <param name="arena">The arena.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no string: the value is of another arena, or damaged.</exception>
    public ReadOnlySpan<byte> GetUtf8(Arena arena)
    {
        ArgumentNullException.ThrowIfNull(arena);
        if (IsNull)
        {
            return [];
        }

        long length = arena.Get(new Offset<long>(Offset.Value));
        return length is >= 0 and <= int.MaxValue
            ? arena.GetSpan(Offset.Plus(HeaderBytes), (int)length)
            : throw new ArgumentOutOfRangeException(nameof(arena), "There is no string here.");
    }

    /// <summary>The text; empty for the null string.</summary>
    /// <param name="arena">The arena.</param>
    public string GetString(Arena arena) => Encoding.UTF8.GetString(GetUtf8(arena));

    /// <summary>Whether it is a text.</summary>
    /// <param name="arena">The arena.</param>
    /// <param name="text">The text.</param>
    public bool Equals(Arena arena, ReadOnlySpan<char> text)
    {
        Span<char> part = stackalloc char[128];
        ReadOnlySpan<byte> utf8 = GetUtf8(arena);
        while (utf8.Length > 0)
        {
            System.Text.Unicode.Utf8.ToUtf16(utf8, part, out int read, out int written, replaceInvalidSequences: true);
            if (read == 0 || !text.StartsWith(part[..written]))
            {
                return false;
            }

            utf8 = utf8[read..];
            text = text[written..];
        }

        return text.IsEmpty;
    }

    /// <summary>Whether it is a text in UTF-8.</summary>
    /// <param name="arena">The arena.</param>
    /// <param name="utf8">The text.</param>
    public bool Equals(Arena arena, ReadOnlySpan<byte> utf8) => GetUtf8(arena).SequenceEqual(utf8);

    /// <summary>Frees it.</summary>
    /// <param name="arena">The arena.</param>
    /// <exception cref="ArgumentException">There is no string; was it freed already?</exception>
    public void Free(Arena arena)
    {
        ArgumentNullException.ThrowIfNull(arena);
        if (IsNull)
        {
            return;
        }

        using ArenaChange change = arena.BeginChange();
        arena.Transactions.Release(Offset.Value, BlockKind.String);
        change.Complete();
    }

    private static long Take(Arena arena, int length)
    {
        long payload = arena.Transactions.Heap.Allocate(HeaderBytes + (long)length, SizeClass.Unit, BlockKind.String);
        arena.Undo.Touch(payload, HeaderBytes + (long)length);
        arena.Space.Word(payload) = (ulong)length;
        return payload;
    }
}
