// The other processes of the tests: Mapwire.Memory.Actors ACTOR FILE.
namespace Mapwire.Memory.Actors;

internal static class Program
{
    private static int Main(string[] arguments)
    {
        switch (arguments)
        {
            case ["journalist", string path]:
                Journalist.Run(path);
                return 0;
            case ["cutter", string path, string control]:
                Cutter.Run(path, control);
                return 0;
            default:
                Console.Error.WriteLine("usage: Mapwire.Memory.Actors journalist FILE | cutter FILE CONTROL");
                return 2;
        }
    }
}
