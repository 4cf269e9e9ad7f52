using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;

namespace Mapwire.Rules;

/// <summary>Arrows between rooms only go down: Cli -> {Load ->} Server -> {Rtmp -> Media, Media, Http, Memory}.</summary>
public sealed class ArrowTests
{
    /// <summary>What each room of src/ may use of ours.</summary>
    private static readonly Dictionary<string, string[]> Arrows = new(StringComparer.Ordinal)
    {
        ["Mapwire.Memory"] = ["Mapwire.Memory.Analyzers"], // to pack it: compiled rooms do not refer to it
        ["Mapwire.Memory.Analyzers"] = [],
        ["Mapwire.Media"] = [],
        ["Mapwire.Rtmp"] = ["Mapwire.Media"],
        ["Mapwire.Http"] = [],
        ["Mapwire.Server"] = ["Mapwire.Rtmp", "Mapwire.Http", "Mapwire.Media", "Mapwire.Memory"],
        ["Mapwire.Load"] = ["Mapwire.Server", "Mapwire.Rtmp", "Mapwire.Media"],
        ["Mapwire.Cli"] = ["Mapwire.Load", "Mapwire.Server", "Mapwire.Rtmp", "Mapwire.Media", "Mapwire.Memory"],
    };

    /// <summary>What the libraries may take from others; the command takes what it likes.</summary>
    private static readonly string[] Packages = ["Microsoft.Extensions.Logging.Abstractions", "Microsoft.CodeAnalysis.CSharp"];

    /// <summary>The rooms that are spans in, values out: what of the system they must never touch.</summary>
    private static readonly string[] PureRooms = ["Mapwire.Media", "Mapwire.Rtmp", "Mapwire.Http"];

    private static readonly string[] Impure =
    [
        "System.IO.File", "System.IO.FileStream", "System.IO.FileInfo", "System.IO.Directory", "System.IO.RandomAccess",
        "System.IO.MemoryMappedFiles.", "System.Net.", "System.Threading.Tasks.", "System.Threading.Thread", "System.Threading.Timer",
        "System.Diagnostics.Stopwatch", "System.Diagnostics.Process", "System.TimeProvider", "System.Console", "System.Environment",
    ];

    [Fact]
    public void Every_room_is_known_and_has_its_arrows()
    {
        IReadOnlyList<ProjectFile> rooms = Repository.Projects("src");
        Assert.NotEmpty(rooms);
        Violations.None(rooms.SelectMany(ProjectArrows), "A project refers to what its room may not use.");
    }

    [Fact]
    public void A_project_reference_upwards_is_found()
    {
        ProjectFile bad = new("src/Mapwire.Media/Mapwire.Media.csproj", """
            <Project><ItemGroup><ProjectReference Include="..\Mapwire.Rtmp\Mapwire.Rtmp.csproj" />
            <PackageReference Include="Newtonsoft.Json" /></ItemGroup></Project>
            """);
        Violations.Found(ProjectArrows(bad), "Mapwire.Rtmp", "Newtonsoft.Json");
        Violations.Found(ProjectArrows(new ProjectFile("src/Mapwire.Memory/Mapwire.Memory.csproj", """
            <Project><ItemGroup><PackageReference Include="Microsoft.Extensions.Logging.Abstractions" /></ItemGroup></Project>
            """)), "no dependency");
        Violations.Found(ProjectArrows(new ProjectFile("src/Mapwire.Common/Mapwire.Common.csproj", "<Project />")), "decision record");
    }

    [Theory]
    [MemberData(nameof(Rooms))]
    public void Compiled_rooms_refer_only_downwards(string room)
    {
        using PEReader image = Image(AssemblyOf(room));
        Violations.None(AssemblyArrows(room, ReferencesOf(image.GetMetadataReader())), $"{room} was compiled against a room above it.");
    }

    [Fact]
    public void A_compiled_reference_upwards_is_found()
    {
        Violations.Found(AssemblyArrows("Mapwire.Rtmp", ["System.Runtime", "Mapwire.Media", "Mapwire.Memory"]), "Mapwire.Memory");
        Violations.Found(AssemblyArrows("Mapwire.Media", ["mapwire"]), "mapwire");
    }

    [Fact]
    public void Pure_rooms_touch_no_file_socket_clock_or_task()
    {
        foreach (string room in PureRooms)
        {
            using PEReader image = Image(AssemblyOf(room));
            Violations.None(ImpureTypes(image.GetMetadataReader()), $"{room} is spans in, values out.");
        }
    }

    [Fact]
    public void A_room_that_touches_the_system_is_found()
    {
        using PEReader image = Image(typeof(Repository).Assembly.Location); // these tests read files
        Violations.Found(ImpureTypes(image.GetMetadataReader()), "System.IO.File");
    }

    [Fact]
    public void Namespaces_follow_project_and_folder() =>
        Violations.None(Repository.Sources("src").SelectMany(StrayNamespaces), "A namespace is its project and folder.");

    [Fact]
    public void A_stray_namespace_is_found()
    {
        Violations.Found(StrayNamespaces(new SourceFile("src/Mapwire.Media/Mp4/Box.cs", "namespace Mapwire.Media.Boxes;")),
            "Mapwire.Media.Mp4");
        Violations.Found(StrayNamespaces(new SourceFile("src/Mapwire.Media/Mp4/Box.cs", "class Box { }")), "no namespace");
        Violations.Found(StrayNamespaces(new SourceFile("src/Mapwire.Memory/Native/Mmap.cs", "namespace Mapwire.Memory;")), "Native");
        Assert.Empty(StrayNamespaces(new SourceFile("src/Mapwire.Memory/Mapping/MappedFile.cs", "namespace Mapwire.Memory;")));
    }

    /// <summary>Those that run in programs of ours; analyzers run in compilers.</summary>
    public static TheoryData<string> Rooms() =>
        [.. Repository.Projects("src").Select(project => project.Name)
            .Where(name => !name.EndsWith(".Analyzers", StringComparison.Ordinal))];

    private static IEnumerable<string> ProjectArrows(ProjectFile project)
    {
        if (!Arrows.TryGetValue(project.Name, out string[]? allowed))
        {
            yield return $"{project.Path}: a new room needs a decision record and its arrows in this test";
            yield break;
        }

        foreach (string reference in project.ProjectReferences.Except(allowed, StringComparer.Ordinal))
        {
            yield return $"{project.Path}: {reference}";
        }

        foreach (string package in project.Name == "Mapwire.Cli" ? [] : project.PackageReferences.Except(Packages, StringComparer.Ordinal))
        {
            yield return $"{project.Path}: package {package}";
        }

        if (project.Name == "Mapwire.Memory" && project.PackageReferences.Any())
        {
            yield return $"{project.Path}: the library is a package with no dependency";
        }
    }

    private static IEnumerable<string> AssemblyArrows(string room, IEnumerable<string> references) =>
        references
            .Where(name => name.StartsWith("mapwire", StringComparison.OrdinalIgnoreCase))
            .Except(Arrows[room], StringComparer.Ordinal)
            .Select(name => $"{room} -> {name}");

    private static IEnumerable<string> StrayNamespaces(SourceFile source)
    {
        if (source.Namespace is null)
        {
            // Top-level statements have none, and neither have attributes of the assembly.
            if (!source.Path.EndsWith("/Program.cs", StringComparison.Ordinal)
                && !source.Path.EndsWith("/AssemblyInfo.cs", StringComparison.Ordinal))
            {
                yield return $"{source.Path}: no namespace";
            }

            yield break;
        }

        // The core of the library is in Mapwire.Memory itself: a reader of an example should need one using.
        // What lies deeper in Sharing and Arenas is one namespace for the same reason: those folders are for who reads the code.
        string expected = (source.Project, source.Folders) switch
        {
            ("Mapwire.Memory", ["Mapping" or "Locking", ..]) => "Mapwire.Memory",
            ("Mapwire.Memory", ["Sharing" or "Arenas", ..]) => $"Mapwire.Memory.{source.Folders[0]}",
            _ => string.Join('.', [source.Project, .. source.Folders]),
        };
        if (source.Namespace != expected)
        {
            yield return $"{source.Path}: {source.Namespace} instead of {expected}";
        }
    }

    private static IEnumerable<string> ImpureTypes(MetadataReader reader) =>
        reader.TypeReferences
            .Where(handle => !IsOfIteratorsAlone(reader, handle))
            .Select(handle => reader.GetTypeReference(handle))
            .Select(type => $"{reader.GetString(type.Namespace)}.{reader.GetString(type.Name)}")
            .Where(name => Impure.Any(banned => banned.EndsWith('.') ? name.StartsWith(banned, StringComparison.Ordinal) : name == banned));

    /// <summary>Compilers have iterators ask on which thread they run, which changes nothing that they give.</summary>
    private static bool IsOfIteratorsAlone(MetadataReader reader, EntityHandle type)
    {
        string[] members =
            [.. reader.MemberReferences.Select(handle => reader.GetMemberReference(handle))
                .Where(member => member.Parent == type).Select(member => reader.GetString(member.Name))];
        return members is ["get_CurrentManagedThreadId"];
    }

    private static IEnumerable<string> ReferencesOf(MetadataReader reader) =>
        reader.AssemblyReferences.Select(handle => reader.GetString(reader.GetAssemblyReference(handle).Name));

    private static PEReader Image(string path) => new(File.OpenRead(path));

    private static string AssemblyOf(string room) =>
        Path.Combine(AppContext.BaseDirectory, (room == "Mapwire.Cli" ? "mapwire" : room) + ".dll");
}
