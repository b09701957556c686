from django.db.models import TextChoices


class Sex(TextChoices):
    UNSTATED = "", "Not stated"
    FEMALE = "female", "Female"
    MALE = "male", "Male"
    OTHER = "other", "Other"


class Language(TextChoices):
    ENGLISH = "en", "English"
    CHINESE = "zh", "中文"
