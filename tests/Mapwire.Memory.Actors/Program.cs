// The other processes of the tests: Mapwire.Memory.Actors ACTOR FILE.
using System.Globalization;

namespace Mapwire.Memory.Actors;

internal static class Program
{
    private static int Main(string[] arguments)
    {
        if (arguments is ["limited", string limit, ..])
        {
            Trials.LimitFiles(long.Parse(limit, CultureInfo.InvariantCulture));
            arguments = arguments[2..];
        }

        switch (arguments)
        {
            case ["journalist", string path]:
                Journalist.Run(path);
                return 0;
            case ["cutter", string path, string control]:
                Cutter.Run(path, control);
                return 0;
            case ["fill", string path, string length]:
                Trials.Fill(path, long.Parse(length, CultureInfo.InvariantCulture));
                return 0;
            case ["lengthen", string path, string length]:
                MappedFile.Create(path, long.Parse(length, CultureInfo.InvariantCulture)).Dispose();
                return 0;
            case ["copy", string bytes]:
                Trials.Copy(int.Parse(bytes, CultureInfo.InvariantCulture));
                return 0;
            case ["locked", string bytes]:
                Trials.Locked(int.Parse(bytes, CultureInfo.InvariantCulture));
                return 0;
            case ["grow", string path, string length]:
                Trials.Grow(path, long.Parse(length, CultureInfo.InvariantCulture));
                return 0;
            case ["capabilities", string path]:
                Trials.Capabilities(path);
                return 0;
            case ["residency", string path]:
                Trials.Residency(path);
                return 0;
            default:
                Console.Error.WriteLine(
                    "usage: Mapwire.Memory.Actors [limited BYTES] journalist FILE | cutter FILE CONTROL | fill FILE BYTES | grow FILE BYTES"
                    + " | lengthen FILE BYTES | capabilities FILE | residency FILE | copy BYTES | locked BYTES");
                return 2;
        }
    }
}
