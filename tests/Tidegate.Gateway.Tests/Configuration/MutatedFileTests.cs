using System.Text;
using Tidegate.Gateway.Configuration;

namespace Tidegate.Gateway.Tests.Configuration;

public sealed class MutatedFileTests
{
    private const int Mutations = 3000;

    [Fact]
    public void A_damaged_file_is_read_or_refused_but_never_anything_else()
    {
        var random = new Random(20160601);
        using var scratch = new ScratchDirectory();
        string path = Path.Combine(scratch.Path, "damaged.xml");
        byte[][] originals = [.. Samples.All().Select(File.ReadAllBytes)];
        int refused = 0;
        for (int i = 0; i < Mutations; i++)
        {
            byte[] damaged = Damage(originals[i % originals.Length], random);
            File.WriteAllBytes(path, damaged);
            try
            {
                // What is read can be printed, and left out where it is not served.
                GatewayConfiguration read = ConfigurationReader.Read(path, ConfigurationText.Nothing);
                Assert.NotEmpty(ConfigurationWriter.Write(read, showSecrets: false));
                GatewayConfiguration servable = read.Servable(lenient: true);
                Assert.Empty(servable.Unserved);
                Assert.All(servable.Services, service => Assert.True(service.RequiredRoles.IsEmpty && service.RealmName is null));
            }
            catch (ConfigurationException e)
            {
                refused++;
                Assert.NotEmpty(e.Errors);
            }
            catch (Exception e)
            {
                Assert.Fail($"{e.GetType().Name} ({e.Message}) for mutation {i}:\n{Encoding.Latin1.GetString(damaged)}");
            }
        }

        Assert.InRange(refused, Mutations / 10, Mutations);
    }

    [Theory]
    [InlineData("<!DOCTYPE a [<!ENTITY a '0123456789'><!ENTITY b '&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;'><!ENTITY c '&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;'>]>", "&c;")]
    [InlineData("<!DOCTYPE a [<!ENTITY a SYSTEM 'file:///etc/passwd'>]>", "&a;")]
    [InlineData("<!DOCTYPE a SYSTEM 'http://127.0.0.1:1/a.dtd'>", "x")]
    [InlineData("<!DOCTYPE a [<!ENTITY % a SYSTEM 'file:///etc/passwd'> %a;]>", "x")]
    public void Entity_bombs_and_external_entities_are_refused_where_they_begin(string type, string text)
    {
        string file = $"<?xml version='1.0'?>\n<!-- <!DOCTYPE? --> {type}\n{ConfigurationText.Around(ConfigurationText.Echo($"<description>{text}</description>"))}";

        ConfigurationException e = Assert.Throws<ConfigurationException>(() => ConfigurationReader.Parse(file, "bomb.xml", ConfigurationText.Nothing));

        Assert.StartsWith("bomb.xml:2:21: The file has a document type (<!DOCTYPE>)", Assert.Single(e.Errors).ToString(), StringComparison.Ordinal);
    }

    private static byte[] Damage(byte[] original, Random random)
    {
        var bytes = new List<byte>(original);
        for (int n = random.Next(1, 4); n > 0; n--)
        {
            int at = random.Next(bytes.Count);
            int length = Math.Min(random.Next(1, 40), bytes.Count - at);
            switch (random.Next(5))
            {
                case 0:
                    bytes[at] = (byte)random.Next(256);
                    break;
                case 1:
                    bytes.RemoveRange(at, length);
                    break;
                case 2:
                    bytes.InsertRange(random.Next(bytes.Count), bytes.GetRange(at, length));
                    break;
                case 3:
                    bytes.InsertRange(at, "<>&;\"'${}:/[]@%-0"u8.ToArray().OrderBy(_ => random.Next()).Take(3));
                    break;
                case 4:
                    bytes.RemoveRange(at, bytes.Count - at);
                    break;
            }

            if (bytes.Count == 0)
            {
                break;
            }
        }

        return [.. bytes];
    }
}
