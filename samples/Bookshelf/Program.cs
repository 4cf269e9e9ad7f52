// Bookshelf FILE: a structure with a list and a dictionary in it, kept in a file. Each run finds what the runs before have put there and
// adds a book. It runs the same trimmed and as Native AOT: `dotnet publish -p:PublishAot=true`.
using Mapwire.Memory.Arenas;

using Arena arena = Arena.CreateOrOpen(args[0]);
if (arena.GetRoot<Shelf>().IsNull)
{
    using ArenaChange change = arena.BeginChange(); // all of it or nothing: a killed program leaves no block that nothing leads to
    Offset<Shelf> made = arena.Allocate<Shelf>();
    change.Edit(made).Books = new MappedList<Book>(arena).Offset;
    change.Edit(made).Lent = new MappedStringDictionary<DateTimeOffset>(arena).Offset;
    change.Edit(made).Id = new Guid("7d2c0c54-9f0e-4b6f-8c1d-9a016f1c1f5e");
    arena.SetRoot(made);
    change.Complete();
}

ref readonly Shelf shelf = ref arena.Get(arena.GetRoot<Shelf>());
MappedList<Book> books = new(arena, shelf.Books);
MappedStringDictionary<DateTimeOffset> lent = new(arena, shelf.Lent);
string title = $"Book {books.Count + 1}";
using (ArenaChange change = arena.BeginChange())
{
    books.Add(new Book { Title = MappedString.Create(arena, title), Pages = 100 + books.Count, Price = 12.50m });
    lent[title] = new DateTimeOffset(2026, 11, 28, 12, books.Count, 0, TimeSpan.FromHours(1));
    change.Complete();
}

Console.WriteLine(shelf.Id);
foreach (Book book in books)
{
    string name = book.Title.GetString(arena);
    Console.WriteLine($"{name}, {book.Pages} pages, {book.Price}, lent {lent[name]:u}");
}

[ArenaType]
internal struct Shelf
{
    public Offset<ListHeader<Book>> Books;
    public Offset<StringDictionaryHeader<DateTimeOffset>> Lent;
    public Guid Id;
}

[ArenaType]
internal struct Book
{
    public MappedString Title;
    public int Pages;
    public decimal Price;
}
