// WordCount ARENA TEXT     counts the words of a text into a dictionary that lives in the file ARENA, on top of what is there.
// WordCount ARENA          shows the ten most frequent words that the runs before have counted.
// WordCount --make TEXT N  makes a text of N bytes to count, with words as unevenly frequent as in any language.
using System.Text;
using Mapwire.Memory;
using Mapwire.Memory.Arenas;

if (args is ["--make", string target, string size])
{
    string[] words = [.. Enumerable.Range(0, 200_000).Select(i => $"{(char)('a' + i % 26)}{i * 2654435761 % 999_983:x}")];
    Random random = new(1);
    using StreamWriter text = new(target, append: false, new UTF8Encoding(), 1 << 16);
    for (long left = long.Parse(size); left > 0;)
    {
        string word = words[(int)(Math.Pow(words.Length, random.NextDouble()) - 1)];
        text.Write(word);
        text.Write(left % 12 == 0 ? '\n' : ' ');
        left -= word.Length + 1;
    }

    return;
}

using Arena arena = Arena.CreateOrOpen(args[0]);
if (arena.GetRoot<StringDictionaryHeader<long>>().IsNull)
{
    arena.SetRoot(new MappedStringDictionary<long>(arena).Offset);
}

MappedStringDictionary<long> counts = new(arena, arena.GetRoot<StringDictionaryHeader<long>>());
if (args.Length > 1)
{
    using MappedFile file = MappedFile.Open(args[1]);
    using MappedRegion region = file.Map();
    using Arena.Scope scope = arena.EnterScope(); // one lock for all
    for (long at = 0; at < region.Length;)
    {
        ReadOnlySpan<byte> piece = region.AsReadOnlySpan(at, (int)Math.Min(1 << 20, region.Length - at));
        int end = at + piece.Length == region.Length ? piece.Length : piece.LastIndexOfAny(" \n"u8) + 1;
        at += end == 0 ? piece.Length : end; // a word longer than a piece is counted in parts
        for (ReadOnlySpan<byte> rest = end == 0 ? piece : piece[..end]; rest.Length > 0;)
        {
            int space = rest.IndexOfAny(" \n"u8), length = space < 0 ? rest.Length : space;
            if (length > 0)
            {
                counts.GetValueRefOrAddDefault(rest[..length], out _)++;
            }

            rest = rest[Math.Min(rest.Length, length + 1)..];
        }
    }
}

List<(string Word, long Count)> all = new(counts.Count);
foreach (StringEntry<long> entry in counts)
{
    all.Add((entry.Key, entry.Value));
}

Console.WriteLine($"{all.Count} words, {all.Sum(word => word.Count)} counted");
foreach ((string word, long count) in all.OrderByDescending(word => word.Count).ThenBy(word => word.Word, StringComparer.Ordinal).Take(10))
{
    Console.WriteLine($"{count,12} {word}");
}
