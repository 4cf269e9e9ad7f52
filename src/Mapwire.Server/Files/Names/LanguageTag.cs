namespace Mapwire.Server.Files.Names;

/// <summary>
/// Languages as files and players write them: <c>de</c>, <c>deu</c>, <c>ger</c>, <c>de-AT</c> are one. Only the language itself is
/// compared, by its three letters of ISO 639-2 (terminology), which is what MP4 has.
/// </summary>
internal static class LanguageTag
{
    private const int LongestSubtag = 8; // BCP 47

    /// <summary>ISO 639-1 and the terminological code of ISO 639-2, and behind a slash the bibliographic one where it differs.</summary>
    private const string Codes =
        "aa aar ab abk ae ave af afr ak aka am amh an arg ar ara as asm av ava ay aym az aze ba bak be bel bg bul bh bih bi bis bm "
        + "bam bn ben bo bod/tib br bre bs bos ca cat ce che ch cha co cos cr cre cs ces/cze cu chu cv chv cy cym/wel da dan de deu/ger "
        + "dv div dz dzo ee ewe el ell/gre en eng eo epo es spa et est eu eus/baq fa fas/per ff ful fi fin fj fij fo fao fr fra/fre fy "
        + "fry ga gle gd gla gl glg gn grn gu guj gv glv ha hau he heb hi hin ho hmo hr hrv ht hat hu hun hy hye/arm hz her ia ina id "
        + "ind ie ile ig ibo ii iii ik ipk io ido is isl/ice it ita iu iku ja jpn jv jav ka kat/geo kg kon ki kik kj kua kk kaz kl kal "
        + "km khm kn kan ko kor kr kau ks kas ku kur kv kom kw cor ky kir la lat lb ltz lg lug li lim ln lin lo lao lt lit lu lub lv "
        + "lav mg mlg mh mah mi mri/mao mk mkd/mac ml mal mn mon mr mar ms msa/may mt mlt my mya/bur na nau nb nob nd nde ne nep ng ndo "
        + "nl nld/dut nn nno no nor nr nbl nv nav ny nya oc oci oj oji om orm or ori os oss pa pan pi pli pl pol ps pus pt por qu que "
        + "rm roh rn run ro ron/rum ru rus rw kin sa san sc srd sd snd se sme sg sag si sin sk slk/slo sl slv sm smo sn sna so som sq "
        + "sqi/alb sr srp ss ssw st sot su sun sv swe sw swa ta tam te tel tg tgk th tha ti tir tk tuk tl tgl tn tsn to ton tr tur ts "
        + "tso tt tat tw twi ty tah ug uig uk ukr ur urd uz uzb ve ven vi vie vo vol wa wln wo wol xh xho yi yid yo yor za zha zh "
        + "zho/chi zu zul";

    private const string Undetermined = "und";

    private static readonly Dictionary<string, string> Terminological = Read();

    private static readonly Dictionary<string, string> Shortest =
        Terminological.Where(static one => one.Key.Length == 2).ToDictionary(static one => one.Value, static one => one.Key);

    /// <summary>
    /// The language of a tag in three letters, or in the letters it has where there are none for it; null when it is no tag.
    /// </summary>
    public static string? Normalize(string? tag)
    {
        if (tag is null)
        {
            return null;
        }

        int end = tag.AsSpan().IndexOfAny('-', '_');
        string language = (end < 0 ? tag : tag[..end]).ToLowerInvariant();
        return language.Length is >= 2 and <= LongestSubtag && !language.AsSpan().ContainsAnyExceptInRange('a', 'z')
            ? Terminological.GetValueOrDefault(language, language)
            : null;
    }

    /// <summary>
    /// A language as playlists name it: the shortest code that there is for it (RFC 5646, section 2.2.1), with what is behind it in the
    /// tag; null when it is no tag, or is undetermined.
    /// </summary>
    public static string? Shorten(string? tag)
    {
        if (tag is null || Normalize(tag) is not { } language || language == Undetermined)
        {
            return null;
        }

        int end = tag.AsSpan().IndexOfAny('-', '_');
        return Shortest.GetValueOrDefault(language, language) + (end < 0 ? "" : tag[end..].Replace('_', '-'));
    }

    private static Dictionary<string, string> Read()
    {
        string[] words = Codes.Split(' ');
        Dictionary<string, string> read = [];
        for (int i = 0; i < words.Length; i += 2)
        {
            string[] three = words[i + 1].Split('/');
            read.Add(words[i], three[0]);
            if (three.Length > 1)
            {
                read.Add(three[1], three[0]);
            }
        }

        return read;
    }
}
