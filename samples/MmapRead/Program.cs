// MmapRead FILE: maps what MmapWrite wrote, prints the value and leaves twice the value in the file.
using System.Buffers.Text;
using Mapwire.Memory;

if (args.Length != 1)
{
    Console.Error.WriteLine("usage: MmapRead FILE");
    return 2;
}

using MappedFile file = MappedFile.Open(args[0], new MappedFileOptions { Access = FileAccess.ReadWrite });
using MappedRegion region = file.Map(0, Math.Min(0x100, file.Length));

Span<byte> text = region.AsSpan();
if (!Utf8Parser.TryParse(text, out int value, out _))
{
    Console.Error.WriteLine($"'{args[0]}' does not begin with a number.");
    return 1;
}

Console.WriteLine($"value: {value}");
Utf8Formatter.TryFormat(2 * value, text, out int written);
text[written..].Clear();
region.Flush();
return 0;
