using System.Globalization;
using System.Text;

namespace Mapwire.Http;

/// <summary>Dates of HTTP (RFC 9110, section 5.6.7): written as IMF-fixdate, read in all three forms.</summary>
/// <remarks>
/// Resembles <c>DateTimeOffset.ToString("r")</c>. Whether the day of the week is that of the date is not checked, as other servers do not
/// either; everything else is, and case counts.
/// </remarks>
public static class HttpDate
{
    /// <summary>The length of an IMF-fixdate in bytes: <c>Sun, 06 Nov 1994 08:49:37 GMT</c>.</summary>
    public const int Length = 29;

    private const string ShortDays = "SunMonTueWedThuFriSat";
    private const string MonthNames = "JanFebMarAprMayJunJulAugSepOctNovDec";

    private static readonly string[] LongDays = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

    /// <summary>Writes a time as an IMF-fixdate.</summary>
    /// <param name="time">The time; what is below a second is left out.</param>
    /// <param name="destination">At least <see cref="Length"/> bytes.</param>
    /// <exception cref="ArgumentException">The destination is too short.</exception>
    public static void Write(DateTimeOffset time, Span<byte> destination)
    {
        if (!time.TryFormat(destination, out _, "r", CultureInfo.InvariantCulture))
        {
            throw new ArgumentException($"destination must be at least {Length} bytes (was {destination.Length})", nameof(destination));
        }
    }

    /// <summary>Reads a date.</summary>
    /// <param name="text">The field value.</param>
    /// <param name="now">The time now, for the two digits of RFC 850's years: none is more than 50 years ahead.</param>
    /// <param name="time">The time, in UTC.</param>
    /// <returns>Whether it is a date.</returns>
    public static bool TryParse(ReadOnlySpan<byte> text, DateTimeOffset now, out DateTimeOffset time)
    {
        DateReader reader = new(text);
        int comma = text.IndexOf((byte)',');
        bool isRead = comma switch
        {
            3 => reader.SkipName(ShortDays) && ReadFixed(ref reader),
            > 3 => ReadRfc850(ref reader, text[..comma], now),
            _ => ReadAsctime(ref reader),
        };
        time = default;
        return isRead && reader.TryGetTime(out time);
    }

    private static bool ReadFixed(ref DateReader reader) =>
        // IMF-fixdate = day-name "," SP 2DIGIT SP month SP 4DIGIT SP time-of-day SP GMT
        reader.Skip(", "u8) && reader.ReadNumber(2, out reader.Day) && reader.Skip(" "u8) && reader.ReadMonth() && reader.Skip(" "u8)
        && reader.ReadNumber(4, out reader.Year) && reader.Skip(" "u8) && reader.ReadTime() && reader.Skip(" GMT"u8) && reader.IsAtEnd;

    private static bool ReadRfc850(ref DateReader reader, ReadOnlySpan<byte> day, DateTimeOffset now)
    {
        // rfc850-date = day-name-l "," SP 2DIGIT "-" month "-" 2DIGIT SP time-of-day SP GMT
        bool isDay = false;
        foreach (string name in LongDays)
        {
            isDay |= Ascii.Equals(day, name);
        }

        if (!isDay || !reader.Skip(day) || !reader.Skip(", "u8) || !reader.ReadNumber(2, out reader.Day) || !reader.Skip("-"u8)
            || !reader.ReadMonth() || !reader.Skip("-"u8) || !reader.ReadNumber(2, out int year) || !reader.Skip(" "u8)
            || !reader.ReadTime() || !reader.Skip(" GMT"u8) || !reader.IsAtEnd)
        {
            return false;
        }

        // "MUST interpret a timestamp that appears to be more than 50 years in the future as representing the most recent year in the past
        // that had the same last two digits"
        int thisYear = now.UtcDateTime.Year;
        reader.Year = thisYear - thisYear % 100 + year;
        if (reader.Year > thisYear + 50)
        {
            reader.Year -= 100;
        }
        else if (reader.Year <= thisYear - 50)
        {
            reader.Year += 100;
        }

        return true;
    }

    private static bool ReadAsctime(ref DateReader reader) =>
        // asctime-date = day-name SP month SP ( 2DIGIT / ( SP DIGIT ) ) SP time-of-day SP 4DIGIT
        reader.SkipName(ShortDays) && reader.Skip(" "u8) && reader.ReadMonth() && reader.Skip(" "u8)
        && (reader.Skip(" "u8) ? reader.ReadNumber(1, out reader.Day) : reader.ReadNumber(2, out reader.Day))
        && reader.Skip(" "u8) && reader.ReadTime() && reader.Skip(" "u8) && reader.ReadNumber(4, out reader.Year) && reader.IsAtEnd;

    private ref struct DateReader(ReadOnlySpan<byte> text)
    {
        public int Year;
        public int Day;
        private ReadOnlySpan<byte> _rest = text;
        private int _month;
        private int _hour;
        private int _minute;
        private int _second;

        public readonly bool IsAtEnd => _rest.IsEmpty;

        public bool Skip(ReadOnlySpan<byte> word)
        {
            bool isThere = _rest.StartsWith(word);
            _rest = isThere ? _rest[word.Length..] : _rest;
            return isThere;
        }

        public bool SkipName(string names) => FindName(names) >= 0;

        public bool ReadMonth()
        {
            _month = FindName(MonthNames) + 1;
            return _month > 0;
        }

        public bool ReadNumber(int digits, out int number)
        {
            number = 0;
            if (_rest.Length < digits)
            {
                return false;
            }

            foreach (byte digit in _rest[..digits])
            {
                if (!char.IsAsciiDigit((char)digit))
                {
                    return false;
                }

                number = number * 10 + digit - '0';
            }

            _rest = _rest[digits..];
            return true;
        }

        public bool ReadTime() =>
            ReadNumber(2, out _hour) && Skip(":"u8) && ReadNumber(2, out _minute) && Skip(":"u8) && ReadNumber(2, out _second);

        public readonly bool TryGetTime(out DateTimeOffset time)
        {
            time = default;
            if (Year is < 1 or > 9999 || Day < 1 || Day > DateTime.DaysInMonth(Year, _month) || _hour > 23 || _minute > 59 || _second > 60)
            {
                return false;
            }

            // second 60 is a leap second, which .NET does not have: the moment after it
            DateTime minute = new(Year, _month, Day, _hour, _minute, 0, DateTimeKind.Utc);
            if (DateTime.MaxValue - minute < TimeSpan.FromSeconds(_second))
            {
                return false;
            }

            time = minute.AddSeconds(_second);
            return true;
        }

        private int FindName(string names)
        {
            if (_rest.Length < 3)
            {
                return -1;
            }

            for (int i = 0; i < names.Length; i += 3)
            {
                if (Ascii.Equals(_rest[..3], names.AsSpan(i, 3)))
                {
                    _rest = _rest[3..];
                    return i / 3;
                }
            }

            return -1;
        }
    }
}
