using FsCheck;
using FsCheck.Fluent;
using Mapwire.Server.Statistics;
using Xunit;

namespace Mapwire.Server.Tests.Statistics;

public sealed class RecordTextTests
{
    [Fact]
    public void Texts_come_back_and_what_does_not_fit_is_cut_between_characters() =>
        Prop.ForAll<NonNull<string>, byte>(static (text, size) =>
        {
            string whole = new([.. text.Get.Where(static c => !char.IsSurrogate(c))]);
            byte[] room = new byte[size];
            string back = RecordText.Read(room, RecordText.Write(whole, room), out bool isWhole);
            return isWhole ? back == whole : whole.StartsWith(back, StringComparison.Ordinal) && back.Length < whole.Length;
        }).QuickCheckThrowOnFailure();

    [Theory]
    [InlineData(int.MaxValue)]
    [InlineData(int.MinValue)]
    [InlineData(5)]
    [InlineData(-1)]
    public void A_length_that_cannot_be_is_no_reading_beyond(int length) =>
        Assert.InRange(RecordText.Read("abcd"u8, length, out _).Length, 0, 4);
}
